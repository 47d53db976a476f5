import { type Augmentation, drawVariation, writeVariedInput } from '../images/augmentation.js';
import { centreCrop, type Preprocessing, writeNetworkInput } from '../images/preprocessing.js';
import { createRandom } from '../math/random.js';
import type { ImageSet } from './image-set.js';

/** Network input of some images as they are embedded, centre crop: [n, crop, crop, 3]. */
export async function loadBatch(
  images: ImageSet,
  preprocessing: Preprocessing,
  batch: readonly number[],
): Promise<Float32Array> {
  const size = preprocessing.crop ** 2 * 3;
  const target = new Float32Array(batch.length * size);
  const window = centreCrop(preprocessing);
  const pixels = await Promise.all(batch.map(image => images.pixels(image)));
  for (const [i, image] of pixels.entries()) {
    writeNetworkInput(image, window, preprocessing, { target, offset: i * size, layout: 'nhwc' });
  }
  return target;
}

export interface VariedBatch {
  /** Numbers of the images: [n]. */
  readonly batch: readonly number[];
  readonly augmentation: Augmentation;
  /** Names the draw. */
  readonly seed: string;
}

/** Network input of some images, each varied at random: [n, crop, crop, 3]. */
export async function loadVariedBatch(
  images: ImageSet,
  preprocessing: Preprocessing,
  { batch, augmentation, seed }: VariedBatch,
): Promise<Float32Array> {
  const size = preprocessing.crop ** 2 * 3;
  const target = new Float32Array(batch.length * size);
  const random = createRandom(seed);
  const pixels = await Promise.all(batch.map(image => images.pixels(image)));
  for (const [i, image] of pixels.entries()) {
    const variation = drawVariation(augmentation, preprocessing, random);
    const side = Math.sqrt(image.length / 3);
    const slot = { target, offset: i * size, layout: 'nhwc' as const };
    writeVariedInput({ pixels: image, side, variation }, preprocessing, slot);
  }
  return target;
}

/** Runs one job ahead: the next batch is decoded on the other core while this one is computed. */
export async function* prefetch<Job, Result>(
  jobs: readonly Job[],
  start: (job: Job) => Promise<Result>,
): AsyncGenerator<Result> {
  let pending: Promise<Result> | undefined;
  for (const [i, job] of jobs.entries()) {
    const current = pending ?? start(job);
    const result = await current;
    pending = i + 1 < jobs.length ? start(jobs[i + 1]) : undefined;
    // Its failure is answered when its turn comes; until then it must not count as unhandled.
    pending?.catch(() => undefined);
    yield result;
  }
}
