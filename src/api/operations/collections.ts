import { z } from 'zod';
import { defineOperation } from '../operation.js';
import { collectionSchema, newCollectionSchema } from '../schemas/collection.js';
import { collectionParameters, noParameters } from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Collections';
const path = '/v1/collections';

export const listCollections = defineOperation({
  id: 'listCollections',
  method: 'get',
  path,
  tag,
  access: 'read',
  summary: 'Every collection',
  params: noParameters,
  query: noParameters,
  answers: {
    200: {
      description: 'By name.',
      json: z.strictObject({ collections: z.array(collectionSchema) }).meta({ id: 'CollectionList' }),
    },
  },
  problems: [],
});

export const createCollection = defineOperation({
  id: 'createCollection',
  method: 'post',
  path,
  tag,
  access: 'admin',
  summary: 'Make a collection',
  params: noParameters,
  query: noParameters,
  body: { json: newCollectionSchema },
  answers: {
    201: {
      description: 'Made, with nothing in it.',
      json: collectionSchema,
      headers: { Location: 'where it is' },
    },
  },
  problems: ['not-found', 'out-exists', ...writeProblems],
});

export const getCollection = defineOperation({
  id: 'getCollection',
  method: 'get',
  path: `${path}/{name}`,
  tag,
  access: 'read',
  summary: 'One collection',
  params: collectionParameters,
  query: noParameters,
  answers: { 200: { description: 'The collection.', json: collectionSchema } },
  problems: ['not-found'],
});

export const deleteCollection = defineOperation({
  id: 'deleteCollection',
  method: 'delete',
  path: `${path}/{name}`,
  tag,
  access: 'admin',
  summary: 'Delete a collection with all its items, pictures and jobs',
  params: collectionParameters,
  query: noParameters,
  answers: { 204: { description: 'Gone.' } },
  problems: ['not-found', ...writeProblems],
});
