import { type Augmentation, drawVariation, writeVariedInput } from '../images/augmentation.js';
import { degrade, drawDegradation } from '../images/degradation.js';
import {
  centreCrop,
  type InputSlot,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { createRandom } from '../math/random.js';

/** Reads one picture: RGB bytes [side, side, 3]. */
type ReadPixels = (image: number) => Promise<Uint8Array>;

/** Puts the network input of one image into its slot. */
type WriteInput = (pixels: Uint8Array, slot: InputSlot) => void;

interface BatchOfImages {
  /** Numbers of the images: [n]. */
  readonly batch: readonly number[];
  readonly preprocessing: Preprocessing;
}

/** [n, crop, crop, 3] */
async function fillBatch(
  readPixels: ReadPixels,
  { batch, preprocessing: { crop } }: BatchOfImages,
  write: WriteInput,
): Promise<Float32Array> {
  const size = crop ** 2 * 3;
  const target = new Float32Array(batch.length * size);
  const pixels = await Promise.all(batch.map(readPixels));
  for (const [i, image] of pixels.entries()) write(image, { target, offset: i * size, layout: 'nhwc' });
  return target;
}

/** Network input of some images as they are embedded, centre crop: [n, crop, crop, 3]. */
export function loadBatch(readPixels: ReadPixels, images: BatchOfImages): Promise<Float32Array> {
  const { preprocessing } = images;
  const window = centreCrop(preprocessing);
  return fillBatch(readPixels, images, (pixels, slot) =>
    writeNetworkInput(pixels, window, preprocessing, slot),
  );
}

interface VariedBatch extends BatchOfImages {
  readonly augmentation: Augmentation;
  /** Names the draw. */
  readonly seed: string;
}

/** Network input of some images, each varied at random: [n, crop, crop, 3]. */
export function loadVariedBatch(
  readPixels: ReadPixels,
  { augmentation, seed, ...images }: VariedBatch,
): Promise<Float32Array> {
  const { preprocessing } = images;
  const random = createRandom(seed);
  const { degradedShare } = augmentation;
  const degrading = createRandom(`${seed}/degraded`);
  // Drawn before any picture is read, so that the order in which they come does not matter.
  const degradations = new Map(
    degradedShare === 0
      ? []
      : images.batch.flatMap(image =>
          degrading.next() < degradedShare ? [[image, drawDegradation(degrading)] as const] : [],
        ),
  );
  const readDegraded: ReadPixels = async image => {
    const pixels = await readPixels(image);
    const degradation = degradations.get(image);
    return degradation === undefined ? pixels : degrade(pixels, degradation);
  };
  return fillBatch(readDegraded, images, (pixels, slot) => {
    const variation = drawVariation(augmentation, preprocessing, random);
    writeVariedInput({ pixels, side: Math.sqrt(pixels.length / 3), variation }, preprocessing, slot);
  });
}
