/** @returns the entries in groups of `size`, the last one smaller */
export const inBatches = <T>(entries: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(entries.length / size) }, (_, i) => entries.slice(i * size, (i + 1) * size));

/**
 * Does the work for the next entries, on the other core where it can, while the caller is busy with the one it got. In
 * the order of the entries.
 * @param options.ahead entries that are worked on beside the one that is waited for; 1 unless given
 */
export async function* workAhead<T, R>(
  entries: readonly T[],
  work: (entry: T) => Promise<R>,
  { ahead = 1 }: { readonly ahead?: number } = {},
): AsyncGenerator<[T, R]> {
  const underWay: Promise<R>[] = [];
  let started = 0;
  const fill = (): void => {
    while (underWay.length < ahead && started < entries.length) {
      const promise = work(entries[started++]);
      // Awaited below; a failure before that is not an unhandled one.
      promise.catch(() => undefined);
      underWay.push(promise);
    }
  };
  try {
    fill();
    for (const entry of entries) {
      const done = await underWay[0];
      underWay.shift();
      fill();
      yield [entry, done];
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
