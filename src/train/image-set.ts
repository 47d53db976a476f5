import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type { Dataset, Example } from '../datasets/dataset.js';
import { readExample, readUnlessBroken, type UnreadableExample } from '../datasets/read-example.js';
import { MedoidError } from '../errors.js';
import type { Augmentation } from '../images/augmentation.js';
import { decodeResized, hashImage } from '../images/decode.js';
import type { Preprocessing } from '../images/preprocessing.js';
import { loadBatch, loadVariedBatch } from './batch-loader.js';
import type { ReadTrainingSet } from './training-set.js';

/** Decoded images up to this many bytes are kept; the rest is decoded again whenever it is met. */
const keptBytes = 1024 ** 3;
const readAtOnce = 8;

interface ReadImage {
  readonly example: Example;
  readonly hash: string;
  readonly pixels: Uint8Array | undefined;
}

const identityOf = ({ example, hash }: ReadImage): string => JSON.stringify([example.label, hash]);

export interface ReadImagesOptions {
  readonly preprocessing: Preprocessing;
  /** Side of the square that pictures are kept at: `preprocessing.resize`, or more for windows of varied scale. */
  readonly side: number;
  readonly augmentation: Augmentation;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** In the order of what they are, not of their names: renaming a file changes neither the hash nor the training. */
function toTrainingSet(
  unordered: readonly ReadImage[],
  { preprocessing, side, augmentation }: ReadImagesOptions,
): Omit<ReadTrainingSet, 'failed'> {
  const identified = unordered.map(image => ({ ...image, identity: identityOf(image) }));
  const read = identified.sort((a, b) => (a.identity < b.identity ? -1 : a.identity > b.identity ? 1 : 0));
  const numbers = new Map<string, number>();
  const labels = Int32Array.from(read, ({ example: { label } }) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
  const readPixels = (wanted: number) => async (image: number) => {
    const { pixels, example } = read[image];
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
    examples: read.map(({ example }) => example),
    classes: numbers.size,
    sha256: createHash('sha256')
      .update(read.map(({ identity }) => identity).join('\n'))
      .digest('hex'),
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
