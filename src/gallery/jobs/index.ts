import { activateModel } from './activate-model.js';
import { addItems } from './add-items.js';
import { cluster } from './cluster.js';
import { consolidateClustersJob } from './consolidate-clusters.js';
import { dedupe } from './dedupe.js';
import { evaluate } from './evaluate.js';
import { type AnyJobKind, eraseInput } from './job.js';

/** Every kind of job that there is, by its name. */
const kinds = {
  'add-items': eraseInput(addItems),
  'activate-model': eraseInput(activateModel),
  cluster: eraseInput(cluster),
  'consolidate-clusters': eraseInput(consolidateClustersJob),
  dedupe: eraseInput(dedupe),
  evaluate: eraseInput(evaluate),
} as const satisfies Record<string, AnyJobKind>;

export type JobKindName = keyof typeof kinds;

/** Nothing for a kind that a newer program has written. */
export const findJobKind = (name: string): AnyJobKind | undefined =>
  Object.hasOwn(kinds, name) ? kinds[name as JobKindName] : undefined;
