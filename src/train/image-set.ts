import { totalmem } from 'node:os';
import pLimit from 'p-limit';
import type { Dataset, Example } from '../datasets/dataset.js';
import { type HashedExample, orderExamples } from '../datasets/order-examples.js';
import { readExample, readUnlessBroken, type UnreadableExample } from '../datasets/read-example.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import type { Augmentation } from '../images/augmentation.js';
import { decodeResized, hashImage } from '../images/decode.js';
import type { Preprocessing } from '../images/preprocessing.js';
import { loadBatch, loadVariedBatch } from './batch-loader.js';

/**
 * Decoded images up to this many bytes are kept, a quarter of the memory there is, but at least 1 GiB; the rest is
 * decoded again whenever it is met.
 */
const keptBytes = Math.max(1024 ** 3, Math.min(process.constrainedMemory() || Infinity, totalmem()) / 4);
const readAtOnce = 8;

interface ReadImage extends HashedExample {
  readonly pixels: Uint8Array | undefined;
}

export interface ReadImagesOptions {
  readonly preprocessing: Preprocessing;
  /** Side of the square that pictures are kept at: `preprocessing.resize`, or more for windows of varied scale. */
  readonly side: number;
  readonly augmentation: Augmentation;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

function toTrainingSet(
  read: readonly ReadImage[],
  { preprocessing, side, augmentation }: ReadImagesOptions,
): Omit<ReadTrainingSet, 'failed'> {
  const { ordered, labels, classNames, sha256 } = orderExamples(read);
  const readPixels = (wanted: number) => async (image: number) => {
    const { pixels, example } = ordered[image];
    const kept = wanted === side ? pixels : undefined;
    return kept ?? decodeResized(await readExample(example), { ...preprocessing, resize: wanted });
  };
  return {
    set: {
      labels,
      load: batch => loadBatch(readPixels(preprocessing.resize), { batch, preprocessing }),
      loadVaried: (batch, seed) =>
        loadVariedBatch(readPixels(side), { batch, preprocessing, augmentation, seed }),
    },
    examples: ordered.map(({ example }) => example),
    classNames,
    classes: classNames.length,
    sha256,
  };
}

/**
 * Reads every image once before the first step, so that a broken one is known now and not hours later.
 * @throws MedoidError `interrupted`
 */
export async function readImageSet(
  { examples }: Dataset,
  options: ReadImagesOptions,
): Promise<ReadTrainingSet> {
  const { preprocessing, side, signal, onProgress } = options;
  const limit = pLimit(readAtOnce);
  const failed: UnreadableExample[] = [];
  const fits = Math.floor(keptBytes / (3 * side ** 2));
  let done = 0;
  const readOne = async (example: Example, position: number): Promise<ReadImage | undefined> => {
    if (signal.aborted) throw new MedoidError('interrupted', 'stopped on request before the first step');
    const read = await readUnlessBroken(example, failed, async bytes => {
      const pixels = await decodeResized(bytes, { ...preprocessing, resize: side });
      return { example, hash: hashImage(bytes), pixels: position < fits ? pixels : undefined };
    });
    onProgress?.(++done);
    return read;
  };
  const read = await Promise.all(examples.map((example, i) => limit(() => readOne(example, i))));
  const whole = read.filter(image => image !== undefined);
  return { ...toTrainingSet(whole, options), failed };
}
