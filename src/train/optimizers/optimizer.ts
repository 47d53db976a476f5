import type { z } from 'zod';
import type { Definition } from '../definition.js';
import type { Tensor } from '../tf.js';

/** What an optimiser sees of one weight at one step. */
export interface WeightStep {
  /** ∂loss/∂weight, with L2 regularisation and clipping already in it. */
  readonly gradient: Tensor;
  readonly learningRate: number;
  /** What the optimiser remembers of this weight, each of its shape, in the order of `memory`; 0 at first. */
  readonly memory: readonly Tensor[];
  /** Counted from 1. */
  readonly step: number;
}

export interface WeightChange {
  /** Is subtracted from the weight. */
  readonly change: Tensor;
  readonly memory: readonly Tensor[];
}

/** A rule by which gradients become changes; it keeps nothing itself. */
export interface Optimizer {
  /** Names of what is remembered of each weight. */
  readonly memory: readonly string[];
  /**
   * Whether weight decay shrinks the weights themselves (Loshchilov & Hutter 2019); else it is added to the gradient,
   * which is L2 regularisation.
   */
  readonly decoupledDecay: boolean;
  change(weight: WeightStep): WeightChange;
}

export type OptimizerDefinition<Options extends z.ZodType = z.ZodType> = Definition<Optimizer, Options>;

/** Keeps the types of one optimiser's options while the registry forgets them. */
export const defineOptimizer = <Options extends z.ZodType>(
  definition: OptimizerDefinition<Options>,
): OptimizerDefinition => definition as unknown as OptimizerDefinition;
