import { readFile } from 'node:fs/promises';
import { MedoidError, messageOf } from '../errors.js';
import { decodeResized } from '../images/decode.js';
import {
  type CropWindow,
  centreCrop,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { createRandom, type Random } from '../math/random.js';

/** Reads one training image. @throws MedoidError naming the file */
export async function loadPixels(path: string, preprocessing: Preprocessing): Promise<Uint8Array> {
  try {
    return await decodeResized(await readFile(path), preprocessing);
  } catch (error) {
    const code = error instanceof MedoidError ? error.code : 'unreadable-image';
    throw new MedoidError(code, `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The paper's augmentation: a random window of the resized square, mirrored half of the time. */
const randomWindow = ({ resize, crop }: Preprocessing, random: Random): CropWindow => ({
  top: random.integer(resize - crop + 1),
  left: random.integer(resize - crop + 1),
  mirror: random.next() < 0.5,
});

/**
 * Network input of some images: [n, crop, crop, 3].
 * @param seed names the augmentation; undefined = the centre window, as when embedding
 */
export async function loadBatch(
  paths: readonly string[],
  preprocessing: Preprocessing,
  seed?: string,
): Promise<Float32Array> {
  const { crop } = preprocessing;
  const size = crop * crop * 3;
  const target = new Float32Array(paths.length * size);
  const random = seed === undefined ? undefined : createRandom(seed);
  const windows = paths.map(() =>
    random === undefined ? centreCrop(preprocessing) : randomWindow(preprocessing, random),
  );
  await Promise.all(
    paths.map(async (path, i) => {
      const pixels = await loadPixels(path, preprocessing);
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
