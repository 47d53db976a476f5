import { type Augmentation, drawVariation, writeVariedInput } from '../images/augmentation.js';
import {
  centreCrop,
  type InputSlot,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { createRandom } from '../math/random.js';
import type { ImageSet } from './image-set.js';

/** Puts the network input of one image into its slot. */
type WriteInput = (pixels: Uint8Array, slot: InputSlot) => void;

/** [n, crop, crop, 3] */
async function fillBatch(
  images: ImageSet,
  { batch, crop }: { batch: readonly number[]; crop: number },
  write: WriteInput,
): Promise<Float32Array> {
  const size = crop ** 2 * 3;
  const target = new Float32Array(batch.length * size);
  const pixels = await Promise.all(batch.map(image => images.pixels(image)));
  for (const [i, image] of pixels.entries()) write(image, { target, offset: i * size, layout: 'nhwc' });
  return target;
}

/** Network input of some images as they are embedded, centre crop: [n, crop, crop, 3]. */
export function loadBatch(
  images: ImageSet,
  preprocessing: Preprocessing,
  batch: readonly number[],
): Promise<Float32Array> {
  const window = centreCrop(preprocessing);
  return fillBatch(images, { batch, crop: preprocessing.crop }, (pixels, slot) =>
    writeNetworkInput(pixels, window, preprocessing, slot),
  );
}

export interface VariedBatch {
  /** Numbers of the images: [n]. */
  readonly batch: readonly number[];
  readonly augmentation: Augmentation;
  /** Names the draw. */
  readonly seed: string;
}

/** Network input of some images, each varied at random: [n, crop, crop, 3]. */
export function loadVariedBatch(
  images: ImageSet,
  preprocessing: Preprocessing,
  { batch, augmentation, seed }: VariedBatch,
): Promise<Float32Array> {
  const random = createRandom(seed);
  return fillBatch(images, { batch, crop: preprocessing.crop }, (pixels, slot) => {
    const variation = drawVariation(augmentation, preprocessing, random);
    writeVariedInput({ pixels, side: Math.sqrt(pixels.length / 3), variation }, preprocessing, slot);
  });
}
