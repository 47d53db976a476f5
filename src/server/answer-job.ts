import type { JobSummary } from '../gallery/jobs/job.js';
import { publicMessage } from './problem.js';
import type { Answer } from './route.js';

/** A job as its asker may see it. */
export const toJob = (job: JobSummary): JobSummary =>
  job.error === null ? job : { ...job, error: { ...job.error, message: publicMessage(job.error) } };

/** The answer to what goes on after it. */
export const answerJob = (job: JobSummary): Answer => ({
  status: 202,
  headers: { Location: `/v1/jobs/${job.id}` },
  json: toJob(job),
});
