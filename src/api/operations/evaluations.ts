import { z } from 'zod';
import { defineOperation } from '../operation.js';
import { evaluationPageSchema, evaluationSchema, newEvaluationSchema } from '../schemas/evaluation.js';
import { startedJob } from '../schemas/job.js';
import {
  anyId,
  collectionParameters,
  evaluationParameters,
  noParameters,
  pageParameters,
} from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Evaluations';
const path = '/v1/collections/{name}/evaluations';

export const startEvaluation = defineOperation({
  id: 'startEvaluation',
  method: 'post',
  path,
  tag,
  access: 'write',
  summary: 'Measure the model and the index on the labelled items',
  description:
    'A job: each labelled item asks for all others, itself left out by its id, by comparison with each of them and by ' +
    'the searches that users ask; and a clustering of them is compared with their labels. Its result has the ' +
    '`evaluationId` that it is stored under.',
  params: collectionParameters,
  query: noParameters,
  body: { json: newEvaluationSchema },
  answers: {
    202: startedJob('The job that does it.'),
  },
  problems: ['not-found', ...writeProblems],
});

export const listEvaluations = defineOperation({
  id: 'listEvaluations',
  method: 'get',
  path,
  tag,
  access: 'read',
  summary: 'Evaluations, newest first, in pages',
  description: 'Without the labels that are found worst, and without what has changed.',
  params: collectionParameters,
  query: z.strictObject({
    limit: pageParameters.limit,
    before: anyId.optional().describe('`next` of the page before; left out for the first page'),
    modelId: z.string().optional().describe('only of this model'),
  }),
  answers: { 200: { description: 'A page.', json: evaluationPageSchema } },
  problems: ['not-found'],
});

export const getEvaluation = defineOperation({
  id: 'getEvaluation',
  method: 'get',
  path: `${path}/{id}`,
  tag,
  access: 'read',
  summary: 'One evaluation, and what has changed since another',
  params: evaluationParameters,
  query: z.strictObject({
    comparedWith: anyId
      .optional()
      .describe('id of another evaluation; the newest before it that was asked for alike unless given'),
  }),
  answers: { 200: { description: 'The evaluation.', json: evaluationSchema } },
  problems: ['not-found'],
});

export const deleteEvaluation = defineOperation({
  id: 'deleteEvaluation',
  method: 'delete',
  path: `${path}/{id}`,
  tag,
  access: 'write',
  summary: 'Delete an evaluation',
  params: evaluationParameters,
  query: noParameters,
  answers: { 204: { description: 'Gone.' } },
  problems: ['not-found', ...writeProblems],
});
