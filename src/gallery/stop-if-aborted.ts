import { MedoidError } from '../errors.js';

/** @throws MedoidError `interrupted` */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request');
}
