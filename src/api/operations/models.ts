import { z } from 'zod';
import { defineOperation } from '../operation.js';
import { modelSchema } from '../schemas/collection.js';
import { startedJob } from '../schemas/job.js';
import { collectionParameters, noParameters } from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Models';
const started = {
  202: startedJob('The job that does it.'),
} as const;

export const listModels = defineOperation({
  id: 'listModels',
  method: 'get',
  path: '/v1/models',
  tag,
  access: 'read',
  summary: 'Every model that a collection can use',
  params: noParameters,
  query: noParameters,
  answers: {
    200: {
      description: 'By id.',
      json: z.strictObject({ models: z.array(modelSchema) }).meta({ id: 'ModelList' }),
    },
  },
  problems: [],
});

export const activateModel = defineOperation({
  id: 'activateModel',
  method: 'put',
  path: '/v1/collections/{name}/model',
  tag,
  access: 'admin',
  summary: 'Let another model answer for a collection',
  description:
    'A job embeds everything anew while the old model goes on answering, measures Recall@K of both on the labelled ' +
    'items, and changes over in one step. The vectors of the old model are kept for a rollback. ' +
    'Where the model answers already, the job ends at once.',
  params: collectionParameters,
  query: noParameters,
  body: { json: z.strictObject({ modelId: z.string().min(1) }).meta({ id: 'ModelChoice' }) },
  answers: started,
  problems: ['not-found', ...writeProblems],
});

export const rollBackModel = defineOperation({
  id: 'rollBackModel',
  method: 'post',
  path: '/v1/collections/{name}/model/rollback',
  tag,
  access: 'admin',
  summary: 'Let the model before answer again',
  description: 'Only what was added since is embedded.',
  params: collectionParameters,
  query: noParameters,
  answers: started,
  problems: ['not-found', 'conflict', ...writeProblems],
});
