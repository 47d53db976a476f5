import type { Job } from './messages.js';

/** Work that was left to a job came to nothing: it failed, or somebody cancelled it. */
export class JobError extends Error {
  constructor(readonly job: Job) {
    super(job.error?.message ?? `job ${job.id} was ${job.state}`);
    this.name = 'JobError';
  }
}
