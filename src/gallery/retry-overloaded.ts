import { setTimeout as wait } from 'node:timers/promises';
import { MedoidError } from '../errors.js';
import { stopIfAborted } from './stop-if-aborted.js';

const pauseMs = 200;

/** Work that has time waits and tries again where a request would be refused. @throws MedoidError `interrupted` */
export async function retryOverloaded<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MedoidError && error.code === 'overloaded')) throw error;
      // It ends early when it is aborted, which is said below.
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
      stopIfAborted(signal);
    }
  }
}
