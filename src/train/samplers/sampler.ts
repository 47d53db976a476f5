import type { z } from 'zod';
import type { VectorBlock } from '../../math/vectors.js';
import type { Definition } from '../definition.js';

export interface SamplingContext {
  /** Images a batch, m. */
  readonly batchSize: number;
  /** Distinct classes a batch as a share of m, the paper's C/m; for samplers that leave it open. */
  readonly classShare: number;
  /** Names the epoch: the same seed gives the same batches. */
  readonly seed: string;
}

/** A batch as it is known before its turn comes. */
export interface PlannedBatch {
  /** Numbers of the images to load, none twice: those to train on, or more to choose from. */
  readonly images: readonly number[];
  /**
   * Which of them to train on, by where the network as it is then puts them; all of them without it. A function of
   * nothing else, so that a run that was stopped chooses as one that was not.
   * @param embeddings of `images`, normalised
   * @returns positions in `images`, none twice
   */
  readonly choose?: (embeddings: VectorBlock) => number[];
}

/** Which images meet in a batch. */
export interface Sampler {
  /**
   * One epoch: ⌈images / m⌉ batches of at most m images in the end.
   * @param labels class number of each image: [images], at least one
   */
  planEpoch(labels: ArrayLike<number>, context: SamplingContext): PlannedBatch[];
}

export type SamplerDefinition<Options extends z.ZodType = z.ZodType> = Definition<Sampler, Options>;

/** Keeps the types of one sampler's options while the registry forgets them. */
export const defineSampler = <Options extends z.ZodType>(
  definition: SamplerDefinition<Options>,
): SamplerDefinition => definition as unknown as SamplerDefinition;
