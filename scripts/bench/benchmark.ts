/** A measurement that `npm run bench -- <name>` makes; ratios within one run, since machines differ and are shared. */
export interface Benchmark {
  readonly name: string;
  /** Prints its lines through `print` as they come. */
  run(print: (line: string) => void): Promise<void>;
}

/** Milliseconds of the middle run. */
export function medianMs(runs: number, work: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return times[Math.floor(runs / 2)];
}
