import { z } from 'zod';
import { duplicateTiers } from '../../gallery/duplicates/duplicate-group.js';
import { defineOperation } from '../operation.js';
import {
  decisionPageSchema,
  decisionSchema,
  duplicatePageSchema,
  duplicateSearchSchema,
  newDecisionSchema,
} from '../schemas/duplicates.js';
import { startedJob } from '../schemas/job.js';
import {
  collectionParameters,
  decisionParameters,
  namesOf,
  noParameters,
  pageParameters,
} from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Duplicates';
const path = '/v1/collections/{name}/duplicates';

export const searchDuplicates = defineOperation({
  id: 'searchDuplicates',
  method: 'post',
  path,
  tag,
  access: 'write',
  summary: 'Start a search for items that show the same',
  description:
    'A job of the kind `dedupe`. When it is done, what it found takes the place of what was found before.',
  params: collectionParameters,
  query: noParameters,
  body: { json: duplicateSearchSchema },
  answers: {
    202: startedJob('Accepted, and on disk: it is done even if the server is started anew.'),
  },
  problems: ['not-found', ...writeProblems],
});

export const listDuplicates = defineOperation({
  id: 'listDuplicates',
  method: 'get',
  path,
  tag,
  access: 'read',
  summary: 'Groups of items that show the same, in pages',
  description:
    'Of the newest search that has finished, less what was removed, replaced or decided since. Where none has finished yet ' +
    '`search` is null. A group that was taken apart by what was decided since counts as one of a page. A newer search that finishes between two pages begins with its own first group that is left.',
  params: collectionParameters,
  query: z.strictObject({
    ...pageParameters,
    tiers: namesOf(duplicateTiers).optional().describe('only duplicates of these tiers, comma-separated'),
  }),
  answers: { 200: { description: 'A page.', json: duplicatePageSchema } },
  problems: ['not-found'],
});

export const decideDuplicates = defineOperation({
  id: 'decideDuplicates',
  method: 'post',
  path: `${path}/decisions`,
  tag,
  access: 'write',
  summary: 'Decide what some items have to do with each other',
  params: collectionParameters,
  query: noParameters,
  body: { json: newDecisionSchema },
  answers: {
    201: {
      description: 'Remembered.',
      json: decisionSchema,
      headers: { Location: 'where it can be deleted' },
    },
  },
  problems: ['not-found', ...writeProblems],
});

export const listDuplicateDecisions = defineOperation({
  id: 'listDuplicateDecisions',
  method: 'get',
  path: `${path}/decisions`,
  tag,
  access: 'read',
  summary: 'Decisions by ascending id, in pages',
  params: collectionParameters,
  query: z.strictObject(pageParameters),
  answers: { 200: { description: 'A page.', json: decisionPageSchema } },
  problems: ['not-found'],
});

export const deleteDuplicateDecision = defineOperation({
  id: 'deleteDuplicateDecision',
  method: 'delete',
  path: `${path}/decisions/{id}`,
  tag,
  access: 'write',
  summary: 'Forget a decision',
  description: 'The next search tells of its items again.',
  params: decisionParameters,
  query: noParameters,
  answers: { 204: { description: 'Forgotten.' } },
  problems: ['not-found', ...writeProblems],
});
