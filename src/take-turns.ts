import { setImmediate } from 'node:timers/promises';
import { MedoidError } from './errors.js';

/** What others wait for at each step of theirs, and to answer one request takes several. */
const turnMs = 5;

/** To be awaited again and again within a long computation. */
export type TakeTurn = () => Promise<void> | undefined;

/**
 * Lets everything else have its turn every so often, so that signals, progress and other requests go on meanwhile.
 * @throws MedoidError `interrupted`, from the function returned, once `signal` is aborted
 */
export function createTurns(signal?: AbortSignal): TakeTurn {
  let last = performance.now();
  return () => {
    if (performance.now() - last < turnMs) return undefined;
    return setImmediate().then(() => {
      last = performance.now();
      if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request');
    });
  };
}
