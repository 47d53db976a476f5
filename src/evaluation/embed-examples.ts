import pLimit from 'p-limit';
import type { Example } from '../datasets/dataset.js';
import { readExample } from '../datasets/read-example.js';
import type { Embedder } from '../embed/embedder.js';
import { type ErrorCode, MedoidError } from '../errors.js';
import { stackVectors, type VectorBlock } from '../math/vectors.js';

const embeddedAtOnce = 64;

export interface EmbeddedExamples {
  /** [images that could be read, dimension] */
  readonly block: VectorBlock;
  /** Number of the class of each. */
  readonly labels: Int32Array;
  /** Those that could be read, in order. */
  readonly embedded: readonly Example[];
  /** Left out. */
  readonly failed: readonly { readonly path: string; readonly code: ErrorCode; readonly message: string }[];
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
  const failed: { path: string; code: ErrorCode; message: string }[] = [];
  const decoding = pLimit(8);
  const decode = (example: Example) =>
    decoding(async () => {
      try {
        return await embedder.decode(await readExample(example));
      } catch (error) {
        if (!(error instanceof MedoidError)) throw error;
        failed.push({ path: example.path, code: error.code, message: error.message });
        return undefined;
      }
    });
  const batchAt = (start: number) => {
    const batch = Promise.all(examples.slice(start, start + embeddedAtOnce).map(decode));
    // Awaited in its turn; a failure before that is not an unhandled one.
    batch.catch(() => undefined);
    return batch;
  };
  const vectors: Float32Array[] = [];
  const embedded: Example[] = [];
  let next = batchAt(0);
  for (let start = 0; start < examples.length; start += embeddedAtOnce) {
    const decoded = await next;
    next = batchAt(start + embeddedAtOnce);
    if (signal.aborted) throw new MedoidError('interrupted', 'stopped on request');
    const whole = decoded.flatMap((pixels, i) => (pixels === undefined ? [] : [{ pixels, i }]));
    vectors.push(...(await embedder.embedPixels(whole.map(({ pixels }) => pixels))));
    embedded.push(...whole.map(({ i }) => examples[start + i]));
    onProgress?.(start + decoded.length);
  }
  const labels = new Set(embedded.map(({ label }) => label));
  const numbers = new Map([...labels].map((label, number) => [label, number]));
  return {
    block: stackVectors(vectors, embedder.dimension),
    labels: Int32Array.from(embedded, ({ label }) => numbers.get(label) as number),
    embedded,
    failed,
  };
}
