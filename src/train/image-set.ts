import pLimit from 'p-limit';
import type { Dataset, Example } from '../datasets/dataset.js';
import { type HashedExample, orderExamples } from '../datasets/order-examples.js';
import { readExample, readUnlessBroken, type UnreadableExample } from '../datasets/read-example.js';
import { MedoidError } from '../errors.js';
import { decodeResized, hashImage } from '../images/decode.js';
import type { Preprocessing } from '../images/preprocessing.js';

/** Decoded images up to this many bytes are kept; the rest is decoded again whenever it is met. */
const keptBytes = 1024 ** 3;
const readAtOnce = 8;

/** Images with their classes, as the trainer wants them. */
export interface ImageSet {
  /** Class number of each: [images]. */
  readonly labels: Int32Array;
  /** RGB bytes [resize, resize, 3]. */
  pixels(image: number): Promise<Uint8Array>;
}

export interface ReadImageSet {
  readonly images: ImageSet;
  readonly classes: number;
  /** SHA-256 over the sorted (label, image hash) pairs. */
  readonly sha256: string;
  /** Left out. */
  readonly failed: readonly UnreadableExample[];
}

interface ReadImage extends HashedExample {
  readonly pixels: Uint8Array | undefined;
}

interface ReadOptions {
  readonly preprocessing: Preprocessing;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

function toImageSet(
  unordered: readonly ReadImage[],
  preprocessing: Preprocessing,
): Omit<ReadImageSet, 'failed'> {
  const { ordered, labels, classNames, sha256 } = orderExamples(unordered);
  return {
    images: {
      labels,
      pixels: async image => {
        const { pixels, example } = ordered[image];
        return pixels ?? decodeResized(await readExample(example), preprocessing);
      },
    },
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
  { preprocessing, signal, onProgress }: ReadOptions,
): Promise<ReadImageSet> {
  const limit = pLimit(readAtOnce);
  const failed: UnreadableExample[] = [];
  const fits = Math.floor(keptBytes / (3 * preprocessing.resize ** 2));
  let done = 0;
  const readOne = async (example: Example, position: number): Promise<ReadImage | undefined> => {
    if (signal.aborted) throw new MedoidError('interrupted', 'stopped on request before the first step');
    const read = await readUnlessBroken(example, failed, async bytes => {
      const pixels = await decodeResized(bytes, preprocessing);
      return { example, hash: hashImage(bytes), pixels: position < fits ? pixels : undefined };
    });
    onProgress?.(++done);
    return read;
  };
  const read = await Promise.all(examples.map((example, i) => limit(() => readOne(example, i))));
  const whole = read.filter(image => image !== undefined);
  return { ...toImageSet(whole, preprocessing), failed };
}
