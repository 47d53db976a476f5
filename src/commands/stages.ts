import { createProgress, type Progress } from './progress.js';

export interface StageProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** Progress of what is done in stages, of which one begins where another has ended: a bar each. */
export interface Stages {
  update(verb: string, progress: StageProgress): void;
  close(): void;
}

export function createStages(): Stages {
  let current: { readonly verb: string; readonly total: number; readonly bar: Progress } | undefined;
  const close = (): void => {
    current?.bar.close();
    current = undefined;
  };
  return {
    close,
    update(verb, { done, total, unit }) {
      if (current?.verb !== verb || current.total !== total) {
        close();
        current = { verb, total, bar: createProgress(verb, total, unit) };
      }
      current.bar.update(done);
    },
  };
}
