import { z } from 'zod';
import { jobStates } from '../../catalog/rows.js';
import { defineOperation } from '../operation.js';
import { jobPageSchema, jobSchema, startedJob } from '../schemas/job.js';
import { newJobSchema } from '../schemas/new-job.js';
import { collectionParameters, jobParameters, noParameters, pageParameters } from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Jobs';

export const startJob = defineOperation({
  id: 'startJob',
  method: 'post',
  path: '/v1/collections/{name}/jobs',
  tag,
  access: 'write',
  summary: 'Start long work on a collection',
  params: collectionParameters,
  query: noParameters,
  body: { json: newJobSchema },
  answers: {
    202: startedJob('Accepted, and on disk: it is done even if the server is started anew.'),
  },
  problems: ['not-found', ...writeProblems],
});

export const listJobs = defineOperation({
  id: 'listJobs',
  method: 'get',
  path: '/v1/jobs',
  tag,
  access: 'read',
  summary: 'Jobs by ascending id, in pages',
  description: 'Without their results, which may be long: the job itself has it.',
  params: noParameters,
  query: z.strictObject({
    ...pageParameters,
    collection: z.string().optional().describe('only of this collection'),
    state: z.enum(jobStates).optional().describe('only in this state'),
  }),
  answers: { 200: { description: 'A page.', json: jobPageSchema } },
  problems: ['not-found'],
});

export const getJob = defineOperation({
  id: 'getJob',
  method: 'get',
  path: '/v1/jobs/{id}',
  tag,
  access: 'read',
  summary: 'One job',
  params: jobParameters,
  query: noParameters,
  answers: { 200: { description: 'The job.', json: jobSchema } },
  problems: ['not-found'],
});

export const watchJob = defineOperation({
  id: 'watchJob',
  method: 'get',
  path: '/v1/jobs/{id}/events',
  tag,
  access: 'read',
  summary: 'A job as it goes on',
  description:
    'Server-sent events: each is named after the state of the job and carries the job as JSON. The first comes at ' +
    'once, the last is `done`, `failed` or `cancelled`. A stream that breaks off may be opened again.',
  params: jobParameters,
  query: noParameters,
  answers: { 200: { description: 'The events.', media: ['text/event-stream'] } },
  problems: ['not-found'],
  streams: true,
});

export const cancelJob = defineOperation({
  id: 'cancelJob',
  method: 'post',
  path: '/v1/jobs/{id}/cancel',
  tag,
  access: 'write',
  summary: 'Cancel a job',
  description: 'What it has done stays. It may take a moment until its state says so.',
  params: jobParameters,
  query: noParameters,
  answers: { 202: { description: 'The job.', json: jobSchema } },
  problems: ['not-found', 'conflict', ...writeProblems],
});
