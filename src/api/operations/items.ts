import { z } from 'zod';
import { itemFilterSchema } from '../../catalog/item-filter.js';
import { defineOperation } from '../operation.js';
import {
  addAnswerSchema,
  itemChangeSchema,
  itemPageSchema,
  itemSchema,
  keySchema,
  labelSchema,
  metadataSchema,
  mostItemsAtOnce,
  newItemsSchema,
} from '../schemas/item.js';
import { startedJob } from '../schemas/job.js';
import {
  collectionParameters,
  itemParameters,
  jsonText,
  noParameters,
  pageParameters,
  wholeNumber,
} from '../schemas/parameters.js';
import { fetchProblems, imageProblems, writeProblems } from '../schemas/problem.js';

const tag = 'Items';
const path = '/v1/collections/{name}/items';
const storedHeaders = {
  ETag: 'names these very bytes: send it back as If-None-Match for a 304',
  'Cache-Control': '`private, no-cache`: an item may get another picture, so caches are to ask each time',
};
const notModified = { description: 'The client has these bytes already.' };

export const listItems = defineOperation({
  id: 'listItems',
  method: 'get',
  path,
  tag,
  access: 'read',
  summary: 'Items by ascending id, in pages',
  params: collectionParameters,
  query: z.strictObject({
    ...pageParameters,
    key: keySchema.optional().describe('only the item of this key'),
    filter: jsonText(itemFilterSchema).optional().describe('only items that it holds for'),
  }),
  answers: { 200: { description: 'A page.', json: itemPageSchema } },
  problems: ['not-found'],
});

export const addItems = defineOperation({
  id: 'addItems',
  method: 'post',
  path,
  tag,
  access: 'write',
  summary: 'Add pictures, or bring those of the same keys up to date',
  description:
    'JSON; or a form with files in the field `image`; or a picture as the body itself. What is said of an uploaded ' +
    'picture comes in the parameters `key`, `label` and `metadata`, of several in the field `items` of the form: a ' +
    'JSON list in the order of the files. A file without a key takes its file name. Same key and same bytes: nothing ' +
    'is changed. Same key and other bytes: the picture is replaced. Everything answered as added is on disk. ' +
    'A request with one picture fails with a problem; of several, each fails alone, in its outcome.',
  params: collectionParameters,
  query: z.strictObject({
    key: keySchema.optional().describe('of the one uploaded picture'),
    label: labelSchema.unwrap().optional().describe('of every uploaded picture that has none of its own'),
    metadata: jsonText(metadataSchema).optional().describe('likewise'),
  }),
  headers: {
    Prefer: '`respond-async` stores the pictures and leaves the rest to a job',
  },
  body: {
    json: newItemsSchema,
    upload: {
      mostFiles: mostItemsAtOnce,
      fields: { items: 'a JSON list of `{ key, label, metadata }`, one for each file, in order' },
    },
  },
  answers: {
    200: { description: 'What became of each.', json: addAnswerSchema },
    202: startedJob('With `Prefer: respond-async`: the job that adds them.'),
  },
  problems: ['not-found', ...writeProblems, ...imageProblems, ...fetchProblems],
});

export const deleteItems = defineOperation({
  id: 'deleteItems',
  method: 'post',
  path: `${path}/delete`,
  tag,
  access: 'write',
  summary: 'Delete many items: by id, by key, or by filter',
  params: collectionParameters,
  query: noParameters,
  body: {
    json: z
      .union([
        z.strictObject({ ids: z.array(z.int().min(1)).min(1).max(10_000) }),
        z.strictObject({ keys: z.array(keySchema).min(1).max(10_000) }),
        z.strictObject({ filter: itemFilterSchema }),
      ])
      .meta({ id: 'ItemsToDelete' }),
  },
  answers: {
    200: {
      description: 'How many are gone; ids or keys of which there was none.',
      json: z
        .strictObject({
          removed: z.int().min(0),
          unknown: z.array(z.union([z.int(), z.string()])),
        })
        .meta({ id: 'DeleteAnswer' }),
    },
  },
  problems: ['not-found', ...writeProblems],
});

export const getItem = defineOperation({
  id: 'getItem',
  method: 'get',
  path: `${path}/{id}`,
  tag,
  access: 'read',
  summary: 'One item',
  params: itemParameters,
  query: noParameters,
  answers: { 200: { description: 'The item.', json: itemSchema } },
  problems: ['not-found'],
});

export const updateItem = defineOperation({
  id: 'updateItem',
  method: 'patch',
  path: `${path}/{id}`,
  tag,
  access: 'write',
  summary: 'Change the label or the metadata of an item',
  params: itemParameters,
  query: noParameters,
  body: { json: itemChangeSchema },
  answers: { 200: { description: 'The item as it is now.', json: itemSchema } },
  problems: ['not-found', ...writeProblems],
});

export const deleteItem = defineOperation({
  id: 'deleteItem',
  method: 'delete',
  path: `${path}/{id}`,
  tag,
  access: 'write',
  summary: 'Delete an item',
  params: itemParameters,
  query: noParameters,
  answers: { 204: { description: 'Gone.' } },
  problems: ['not-found', ...writeProblems],
});

export const getItemImage = defineOperation({
  id: 'getItemImage',
  method: 'get',
  path: `${path}/{id}/image`,
  tag,
  access: 'read',
  summary: 'The picture of an item, in the size it has',
  description:
    'A copy that the server made, upright and without metadata: never the bytes that were uploaded. PNG, WebP or ' +
    'JPEG as `Accept` prefers; JPEG when it does not care.',
  params: itemParameters,
  query: noParameters,
  headers: {
    Accept: '`image/jpeg`, `image/webp` or `image/png`',
    'If-None-Match': 'the ETag of an earlier answer',
  },
  answers: {
    200: {
      description: 'The picture.',
      media: ['image/jpeg', 'image/webp', 'image/png'],
      headers: storedHeaders,
    },
    304: notModified,
  },
  problems: ['not-found', 'overloaded'],
});

export const getItemThumbnail = defineOperation({
  id: 'getItemThumbnail',
  method: 'get',
  path: `${path}/{id}/thumbnail`,
  tag,
  access: 'read',
  summary: 'The picture of an item, small',
  description: 'Upright, never larger than the picture itself. WebP or JPEG as `Accept` prefers.',
  params: itemParameters,
  query: z.strictObject({
    side: wholeNumber({ min: 32, max: 1024 }).default(192).describe('pixels of the longer side'),
  }),
  headers: {
    Accept: '`image/jpeg` or `image/webp`',
    'If-None-Match': 'the ETag of an earlier answer',
  },
  answers: {
    200: { description: 'The picture.', media: ['image/jpeg', 'image/webp'], headers: storedHeaders },
    304: notModified,
  },
  problems: ['not-found', 'overloaded'],
});
