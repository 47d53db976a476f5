/** @returns the entries in groups of `size`, the last one smaller */
export const inBatches = <T>(entries: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => entries.slice(i * size, (i + 1) * size));

/** Does the work for the next entry, on the other core where it can, while the caller is busy with the one it got. */
export async function* workAhead<T, R>(
  entries: readonly T[],
  work: (entry: T) => Promise<R>,
): AsyncGenerator<[T, R]> {
  const start = (i: number): Promise<R> | undefined => {
    const promise = i < entries.length ? work(entries[i]) : undefined;
    // Awaited below; a failure before that is not an unhandled one.
    promise?.catch(() => undefined);
    return promise;
  };
  let next = start(0);
  try {
    for (let i = 0; next !== undefined; i++) {
      const done = await next;
      next = start(i + 1);
      yield [entries[i], done];
    }
  } finally {
    await next?.catch(() => undefined);
  }
}
