import { delay } from './delay.js';
import type { Job } from './messages.js';
import { ProblemError } from './problem-error.js';

type States = AsyncGenerator<Job, void>;

const finalStates: readonly Job['state'][] = ['done', 'failed', 'cancelled'];
const reopenAfterMs = 500;
/** A server that is started anew is waited for so long. */
const mostOpenings = 120;

/**
 * The job as it has ended.
 * @param watch opens a stream of its states; opened again when one breaks off, also while the server is away
 * @throws ProblemError what the server says instead; else why it cannot be reached, for a minute
 */
export async function waitForEnd(watch: () => States, signal: AbortSignal | undefined): Promise<Job> {
  for (let failures = 0; ; ) {
    try {
      for await (const job of watch()) {
        failures = 0;
        if (finalStates.includes(job.state)) return job;
      }
    } catch (error) {
      const isFinal = error instanceof ProblemError && error.status !== 503;
      if (isFinal || signal?.aborted === true || ++failures >= mostOpenings) throw error;
    }
    await delay(reopenAfterMs, signal);
  }
}
