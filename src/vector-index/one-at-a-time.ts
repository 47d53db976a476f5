/** Runs pieces of work one after another. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

/** What finds nothing under way begins before the call returns, so that it sees the state its caller sees. */
export function createOneAtATime(): OneAtATime {
  let running: Promise<void> | undefined;
  return async work => {
    while (running !== undefined) await running;
    const done = work();
    const ended = (): void => {
      running = undefined;
    };
    // Whether it succeeded is for its caller to hear.
    running = done.then(ended, ended);
    return done;
  };
}
