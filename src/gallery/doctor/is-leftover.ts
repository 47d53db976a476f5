import type { CheckedGallery } from './check.js';

/** Nothing that is under way takes longer to need its files. */
const underWayMs = 60 * 60 * 1000;

/** Whether nobody writes, and whoever did has closed the gallery. */
export const isAtRest = ({ locked, audit }: CheckedGallery): boolean => locked || audit.isClosed();

/** Whether a file that nothing needs was left behind, and is not what a process beside this one has at hand just now. */
export const isLeftover = (gallery: CheckedGallery, modifiedMs: number): boolean =>
  isAtRest(gallery) || Date.now() - modifiedMs > underWayMs;
