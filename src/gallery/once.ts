/** Starts the work for a key once, however many ask for it; one that failed may be tried again. */
export function once<K, T>(started: Map<K, Promise<T>>, key: K, work: () => Promise<T>): Promise<T> {
  const running = started.get(key);
  if (running !== undefined) return running;
  const promise = work();
  started.set(key, promise);
  promise.catch(() => {
    if (started.get(key) === promise) started.delete(key);
  });
  return promise;
}
