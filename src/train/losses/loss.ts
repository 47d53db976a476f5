import type { z } from 'zod';
import type { VectorBlock } from '../../math/vectors.js';

/** The value of a loss over one batch, and what to do about it. */
export interface LossResult {
  readonly value: number;
  /** ∂value/∂embeddings: [m, dimension]. */
  readonly gradient: Float32Array;
  /** What the metrics line shows beside the value, by name. */
  readonly terms: Readonly<Record<string, number>>;
}

/**
 * A loss is plain numbers in, plain numbers out: embeddings leave the engine once a step and their gradient goes back
 * (docs/decisions/0002). That makes it exact, the same on every engine, and testable without one.
 */
export interface Loss {
  /** Whether it is defined on L2-normalised embeddings. */
  readonly normalised: boolean;
  /**
   * @param batch embeddings [m, dimension] @param labels class of each: [m] @param epoch counted from 0, for schedules
   */
  evaluate(batch: VectorBlock, labels: ArrayLike<number>, epoch: number): LossResult;
}

export interface LossDefinition<Options extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** Strict, with every default. */
  readonly options: Options;
  create(options: z.output<Options>): Loss;
}

/** Keeps the types of one loss's options while the registry forgets them. */
export const defineLoss = <Options extends z.ZodType>(definition: LossDefinition<Options>): LossDefinition =>
  definition as unknown as LossDefinition;
