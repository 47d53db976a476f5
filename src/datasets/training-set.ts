import type { VectorBlock } from '../math/vectors.js';
import type { Example } from './dataset.js';
import type { UnreadableExample } from './read-example.js';

/** Examples with their classes, as the trainer wants them: pictures, or features of a frozen network. */
export interface TrainingSet {
  /** Class number of each example: [examples]. */
  readonly labels: Int32Array;
  /** What the embedding of each is to be like, by a teacher, if there is one: [examples, dimension]. */
  readonly targets?: VectorBlock;
  /** Network input of some examples as they are embedded: [n, ...input shape]. */
  load(batch: readonly number[]): Promise<Float32Array>;
  /** Network input of some examples, each varied at random: [n, ...input shape]. @param seed names the draw */
  loadVaried(batch: readonly number[], seed: string): Promise<Float32Array>;
}

/** No examples at all. */
export const emptySet: TrainingSet = {
  labels: new Int32Array(),
  load: async () => new Float32Array(),
  loadVaried: async () => new Float32Array(),
};

export interface ReadTrainingSet {
  readonly set: TrainingSet;
  /** In the order of `set`. */
  readonly examples: readonly Example[];
  readonly classes: number;
  /** By class number. */
  readonly classNames: readonly string[];
  /** SHA-256 over the sorted (label, image hash) pairs. */
  readonly sha256: string;
  /** Left out. */
  readonly failed: readonly UnreadableExample[];
}
