import { defineOperation } from '../operation.js';
import { collectionParameters, noParameters } from '../schemas/parameters.js';
import { fetchProblems, imageProblems } from '../schemas/problem.js';
import {
  batchAnswerSchema,
  batchRequestSchema,
  mostQueryImages,
  searchAnswerSchema,
  searchParameters,
  searchRequestSchema,
} from '../schemas/search.js';

const tag = 'Search';

export const search = defineOperation({
  id: 'search',
  method: 'post',
  path: '/v1/collections/{name}/search',
  tag,
  access: 'read',
  summary: 'The items most like a picture, an item or a vector',
  description:
    'JSON; or a form with files in the field `image`; or a picture as the body itself. With JSON everything is in the ' +
    'body, and parameters after `?` are refused; an upload takes its options from them. Several pictures are several ' +
    'views of one thing. An answer has a `next`: sent back as `{ "cursor": … }` it gives the next page, without the ' +
    'picture. The cursor carries the vectors and options, not the results: what is added or deleted in between is seen.',
  params: collectionParameters,
  query: searchParameters,
  body: { json: searchRequestSchema, upload: { mostFiles: mostQueryImages } },
  answers: { 200: { description: 'The results.', json: searchAnswerSchema } },
  problems: ['not-found', 'invalid-vector', ...imageProblems, ...fetchProblems],
});

export const searchBatch = defineOperation({
  id: 'searchBatch',
  method: 'post',
  path: '/v1/collections/{name}/search/batch',
  tag,
  access: 'read',
  summary: 'Several searches at once',
  params: collectionParameters,
  query: noParameters,
  body: { json: batchRequestSchema, pictures: true },
  answers: { 200: { description: 'An answer for each.', json: batchAnswerSchema } },
  problems: ['not-found'],
});
