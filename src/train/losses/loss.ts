import type { z } from 'zod';
import type { VectorBlock } from '../../math/vectors.js';
import type { Definition } from '../definition.js';

/** The value of a loss over one batch, and what to do about it. */
export interface LossResult {
  readonly value: number;
  /** ∂value/∂embeddings: [m, dimension]. */
  readonly gradient: Float32Array;
  /** ∂value/∂class vectors: [classes, dimension]; of losses that learn some. */
  readonly classGradient?: Float32Array;
  /** What the metrics line shows beside the value, by name. */
  readonly terms: Readonly<Record<string, number>>;
}

/** What a loss may look at besides the batch. */
export interface LossContext {
  /** Counted from 0, for schedules. */
  readonly epoch: number;
  /** One row a training class, [classes, dimension], as they are now; there for every loss that learns some. */
  readonly classVectors?: VectorBlock;
  /** What a teacher makes of each image of the batch, [m, dimension]; there for a loss with a teacher. */
  readonly targets?: VectorBlock;
}

/**
 * A loss is plain numbers in, plain numbers out: embeddings leave the engine once a step and their gradient goes back
 * (docs/decisions/0002). That makes it exact, the same on every engine, and testable without one.
 */
export interface Loss {
  /** Whether it is defined on L2-normalised embeddings. */
  readonly normalised: boolean;
  /** Given by a loss that learns a vector for each training class beside the network (docs/decisions/0007). */
  readonly classVectors?: {
    /** Their learning rate as a multiple of the network's. */
    readonly learningRateFactor: number;
  };
  /** @param batch embeddings [m, dimension] @param labels training class of each: [m], rows of the class vectors */
  evaluate(batch: VectorBlock, labels: ArrayLike<number>, context: LossContext): LossResult;
}

export interface LossDefinition<Options extends z.ZodType = z.ZodType> extends Definition<Loss, Options> {
  /** What each of its terms means. */
  readonly terms: Readonly<Record<string, string>>;
}

/** Keeps the types of one loss's options while the registry forgets them. */
export const defineLoss = <Options extends z.ZodType>(definition: LossDefinition<Options>): LossDefinition =>
  definition as unknown as LossDefinition;
