interface WaitOptions {
  readonly signal: AbortSignal;
  /** Ends the wait though nothing was told, where a change may go untold; never unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Those who wait for jobs to change. */
export class JobWatchers {
  private readonly waiting = new Map<number, Set<() => void>>();

  /** Ends the waits for a job. */
  tell(id: number): void {
    for (const wake of this.waiting.get(id) ?? []) wake();
  }

  tellAll(): void {
    for (const id of [...this.waiting.keys()]) this.tell(id);
  }

  /** Until the job has changed or the signal is aborted. */
  wait(id: number, { signal, timeoutMs }: WaitOptions): Promise<void> {
    return new Promise(resolve => {
      const others = this.waiting.get(id) ?? new Set();
      this.waiting.set(id, others);
      const wake = (): void => {
        others.delete(wake);
        if (others.size === 0) this.waiting.delete(id);
        signal.removeEventListener('abort', wake);
        clearTimeout(timer);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs);
      others.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }
}
