import pLimit from 'p-limit';
import { MedoidError } from '../errors.js';

/** Does the work when its turn comes. @throws MedoidError `overloaded` when too many wait already */
export type BoundedWork = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * @param options.atOnce works under way
 * @param options.mostWaiting works that wait for them
 */
export function createBoundedWork({
  atOnce,
  mostWaiting,
}: {
  readonly atOnce: number;
  readonly mostWaiting: number;
}): BoundedWork {
  const limit = pLimit(atOnce);
  return async work => {
    if (limit.activeCount + limit.pendingCount >= atOnce + mostWaiting) {
      throw new MedoidError('overloaded', `${mostWaiting} wait already; try again later`);
    }
    return limit(work);
  };
}
