import { z } from 'zod';
import { jobStates } from '../../catalog/rows.js';
import { jsonSchema } from './json.js';

export const jobSchema = z
  .strictObject({
    id: z.int().min(1),
    kind: z.string(),
    collection: z.string(),
    state: z.enum(jobStates),
    progress: z.strictObject({
      done: z.int().min(0),
      total: z.int().min(0).nullable().describe('null while it is not known'),
    }),
    result: jsonSchema.nullable().describe('of a job that is done; left out of lists'),
    error: z
      .strictObject({ code: z.string(), message: z.string() })
      .nullable()
      .describe('of a job that failed'),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Job', description: 'Long work, which goes on when the server is started anew.' });

/** How a request is answered that a job sees to. */
export const startedJob = (description: string) => ({
  description,
  json: jobSchema,
  headers: { Location: 'where the job is' },
});

export const jobPageSchema = z
  .strictObject({
    jobs: z.array(jobSchema),
    next: z.int().nullable().describe('`after` of the next page; null when this is the last one'),
  })
  .meta({ id: 'JobPage' });
