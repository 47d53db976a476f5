import {
  type CropWindow,
  centreCrop,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { createRandom, type Random } from '../math/random.js';
import type { ImageSet } from './image-set.js';

/** The paper's augmentation: a random window of the resized square, mirrored half of the time. */
const randomWindow = ({ resize, crop }: Preprocessing, random: Random): CropWindow => ({
  top: random.integer(resize - crop + 1),
  left: random.integer(resize - crop + 1),
  mirror: random.next() < 0.5,
});

interface BatchRequest {
  /** Numbers of the images: [n]. */
  readonly batch: readonly number[];
  /** Names the augmentation; without it the centre window is taken, as when embedding. */
  readonly seed?: string;
}

/** Network input of some images: [n, crop, crop, 3]. */
export async function loadBatch(
  images: ImageSet,
  preprocessing: Preprocessing,
  { batch, seed }: BatchRequest,
): Promise<Float32Array> {
  const { crop } = preprocessing;
  const size = crop * crop * 3;
  const target = new Float32Array(batch.length * size);
  const random = seed === undefined ? undefined : createRandom(seed);
  const windows = batch.map(() =>
    random === undefined ? centreCrop(preprocessing) : randomWindow(preprocessing, random),
  );
  await Promise.all(
    batch.map(async (image, i) => {
      const pixels = await images.pixels(image);
      writeNetworkInput(pixels, windows[i], preprocessing, { target, offset: i * size, layout: 'nhwc' });
    }),
  );
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
