import { Presets, SingleBar } from 'cli-progress';

/** A progress bar on stderr; on a terminal only, so that logs stay readable. */
export interface Progress {
  update(done: number, note?: string): void;
  close(): void;
}

export function createProgress(verb: string, total: number, unit: string): Progress {
  const bar = new SingleBar(
    {
      format: `${verb} {bar} {percentage}% {value}/{total} ${unit} {note} eta {eta_formatted}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: false,
      stopOnComplete: false,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(done, { note }),
    close: () => bar.stop(),
  };
}
