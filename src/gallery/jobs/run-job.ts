import { setMaxListeners } from 'node:events';
import type { JobEnd, JobProgress } from '../../catalog/job-table.js';
import type { JobRow } from '../../catalog/rows.js';
import { errorCatalogue, MedoidError, understandError } from '../../errors.js';
import type { OpenedCollection } from '../open-collections.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { findJobKind } from './index.js';
import type { JobServices } from './job.js';

export type StopReason = 'cancelled' | 'closed';

/** A job that is being done. */
export interface RunningJob {
  readonly row: JobRow;
  readonly stop: AbortController;
  progress: JobProgress;
  /** When it was last written. */
  progressSavedMs: number;
}

export function createRunningJob(row: JobRow): RunningJob {
  const stop = new AbortController();
  // Of many pictures each one waits with it.
  setMaxListeners(0, stop.signal);
  return { row, stop, progress: row.progress, progressSavedMs: performance.now() };
}

export function stopJob({ stop }: RunningJob, reason: StopReason): void {
  if (!stop.signal.aborted) stop.abort(reason);
}

export function failureOf(error: unknown): JobEnd {
  const { code, message } = understandError(error);
  if (code !== 'internal-error') return { state: 'failed', code, message };
  return {
    state: 'failed',
    code,
    message: 'something unexpected went wrong: the log says what',
  };
}

export interface RunJobParts {
  readonly services: JobServices;
  readonly open: (collection: string) => Promise<OpenedCollection>;
  readonly report: (progress: JobProgress) => void;
  /** Told of what is no fault of who asked. */
  readonly onFailure: (error: unknown) => void;
}

/** Does a job's work, or what an earlier run left of it. Never fails. @returns how it ended, or that it is to go on */
export async function runJob(
  { row, stop }: RunningJob,
  { services, open, report, onFailure }: RunJobParts,
): Promise<JobEnd | 'again'> {
  const table = services.catalog.jobs;
  try {
    const kind = findJobKind(row.kind);
    if (kind === undefined) throw new MedoidError('invalid-request', `there is no kind of job ${row.kind}`);
    const input = kind.parse(table.inputOf(row.id));
    const opened = await open(row.collection);
    stopIfAborted(stop.signal);
    const result = await kind.run(input, {
      ...services,
      opened,
      signal: stop.signal,
      checkpoint: table.checkpointOf(row.id),
      saveCheckpoint: checkpoint => table.saveCheckpoint(row.id, checkpoint),
      report,
    });
    return { state: 'done', result };
  } catch (error) {
    const isStop = error instanceof MedoidError && error.code === 'interrupted' && stop.signal.aborted;
    if (isStop) return (stop.signal.reason as StopReason) === 'closed' ? 'again' : { state: 'cancelled' };
    // Of the server's own trouble whoever asked is told nothing but the code.
    if (errorCatalogue[understandError(error).code].status >= 500) onFailure(error);
    return failureOf(error);
  }
}
