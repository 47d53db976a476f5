import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from './messages.js';

type States = AsyncGenerator<Job, void>;

const finalStates: readonly Job['state'][] = ['done', 'failed', 'cancelled'];
const reopenAfterMs = 500;

/** Of a stream that broke off there is nothing more. @throws the reason why it was given up */
async function nextOrEnd(states: States, signal: AbortSignal | undefined) {
  try {
    return await states.next();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return { done: true, value: undefined } as const;
  }
}

/**
 * The job as it has ended.
 * @param watch opens a stream of its states; done again when one ends too soon, and not when one cannot be opened
 */
export async function waitForEnd(watch: () => States, signal: AbortSignal | undefined): Promise<Job> {
  for (;;) {
    const states = watch();
    try {
      for (let next = await states.next(); !next.done; next = await nextOrEnd(states, signal)) {
        if (finalStates.includes(next.value.state)) return next.value;
      }
    } finally {
      await states.return();
    }
    await delay(reopenAfterMs, undefined, signal === undefined ? {} : { signal });
  }
}
