import { MedoidError } from '../errors.js';

/** Counts what is going on, so that native memory is freed after the last use and never during it. */
export interface Activity {
  /** @throws MedoidError after `close`: why nothing more begins */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Lets nothing more begin and waits for the rest. */
  close(): Promise<void>;
}

/** @param refusal what is said to those who come after `close` */
export function createActivity(
  refusal = () => new MedoidError('interrupted', 'the gallery has been closed'),
): Activity {
  const running = new Set<Promise<unknown>>();
  let closed = false;
  return {
    async run(work) {
      if (closed) throw refusal();
      const promise = work();
      running.add(promise);
      try {
        return await promise;
      } finally {
        running.delete(promise);
      }
    },
    async close() {
      closed = true;
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
