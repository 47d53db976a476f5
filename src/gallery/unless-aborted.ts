import { MedoidError } from '../errors.js';

/** What becomes of the promise, unless the signal is aborted before that. @throws MedoidError `interrupted` */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, fail) => {
    stop = () => fail(new MedoidError('interrupted', 'stopped on request'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
