/** A measurement that `npm run bench -- <name>` makes; ratios within one run, since machines differ and are shared. */
export interface Benchmark {
  readonly name: string;
  /** Prints its lines through `print` as they come. */
  run(print: (line: string) => void): Promise<void>;
}

/** Milliseconds of the middle run. */
export function medianMs(runs: number, work: () => void): number {
  return medianOf(
    Array.from({ length: runs }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    }),
  );
}

/** The same of work that is waited for. */
export async function medianMsOf(runs: number, work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return medianOf(times);
}

const medianOf = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
