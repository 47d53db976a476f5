import type { JobEnd } from '../../catalog/job-table.js';
import type { JobState } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import type { Notify } from '../notice.js';
import type { OpenedCollection } from '../open-collections.js';
import type { JobServices, JobSummary } from './job.js';

export interface JobRunnerParts {
  readonly services: JobServices;
  readonly access: 'read' | 'write';
  /** Jobs that run at once; those of one collection run one after another. */
  readonly jobsAtOnce: number;
  readonly open: (collection: string) => Promise<OpenedCollection>;
  /** Nothing for a collection there is none of. */
  readonly findCollectionId: (name: string) => number | undefined;
  readonly sweepImages: () => Promise<void>;
  readonly notify: Notify;
}

export interface JobsListing {
  readonly collection?: string | undefined;
  readonly state?: JobState | undefined;
  /** 0 unless given: from the first one. */
  readonly afterId?: number;
  readonly limit: number;
}

export interface JobPage {
  readonly jobs: JobSummary[];
  /** Id after which the next page begins; null when this is the last one. */
  readonly next: number | null;
}

/** How a job ends that has thrown. */
export function failureOf(error: unknown): JobEnd {
  if (error instanceof MedoidError) return { state: 'failed', code: error.code, message: error.message };
  return {
    state: 'failed',
    code: 'internal-error',
    message: 'something unexpected went wrong: the log says what',
  };
}
