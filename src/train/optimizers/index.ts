import { adam, adamw } from './adam.js';
import type { OptimizerDefinition } from './optimizer.js';
import { rmsprop } from './rmsprop.js';

/** Every optimiser that `medoid train --optimizer` knows. */
export const optimizers: readonly OptimizerDefinition[] = [rmsprop, adam, adamw];
