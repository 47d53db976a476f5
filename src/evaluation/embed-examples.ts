import pLimit from 'p-limit';
import type { Example } from '../datasets/dataset.js';
import { readUnlessBroken, type UnreadableExample } from '../datasets/read-example.js';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { stackVectors, type VectorBlock } from '../math/vectors.js';
import { inBatches, workAhead } from '../work-ahead.js';

const embeddedAtOnce = 64;

export interface EmbeddedExamples {
  /** [images that could be read, dimension] */
  readonly block: VectorBlock;
  /** Number of the class of each. */
  readonly labels: Int32Array;
  /** By class number. */
  readonly classNames: readonly string[];
  /** Those that could be read, in order. */
  readonly embedded: readonly Example[];
  /** Left out. */
  readonly failed: readonly UnreadableExample[];
}

interface EmbedOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/**
 * Embeds the images of a data set, some at once; while one batch is embedded the next is decoded.
 * @throws MedoidError `interrupted`
 */
export async function embedExamples(
  examples: readonly Example[],
  embedder: Embedder,
  { signal, onProgress }: EmbedOptions,
): Promise<EmbeddedExamples> {
  const failed: UnreadableExample[] = [];
  const decoding = pLimit(8);
  const decode = (example: Example) =>
    decoding(() => readUnlessBroken(example, failed, bytes => embedder.decode(bytes)));
  const vectors: Float32Array[] = [];
  const embedded: Example[] = [];
  let done = 0;
  const decodeBatch = (batch: readonly Example[]) => Promise.all(batch.map(decode));
  for await (const [batch, decoded] of workAhead(inBatches(examples, embeddedAtOnce), decodeBatch)) {
    if (signal.aborted) throw new MedoidError('interrupted', 'stopped on request');
    vectors.push(...(await embedder.embedPixels(decoded.filter(pixels => pixels !== undefined))));
    embedded.push(...batch.filter((_, i) => decoded[i] !== undefined));
    done += batch.length;
    onProgress?.(done);
  }
  const classNames = [...new Set(embedded.map(({ label }) => label))];
  const numbers = new Map(classNames.map((label, number) => [label, number]));
  return {
    block: stackVectors(vectors, embedder.dimension),
    labels: Int32Array.from(embedded, ({ label }) => numbers.get(label) as number),
    classNames,
    embedded,
    failed,
  };
}
