import { z } from 'zod';
import { defineOperation } from '../operation.js';
import {
  clusteringSchema,
  clusterPicturesParameters,
  clusterRequestSchema,
  mostClusteredAtOnce,
  mostClusteredPictures,
  pictureClusteringSchema,
} from '../schemas/clustering.js';
import { startedJob } from '../schemas/job.js';
import { collectionParameters } from '../schemas/parameters.js';
import { imageProblems, writeProblems } from '../schemas/problem.js';

const tag = 'Clusters';

export const clusterItems = defineOperation({
  id: 'clusterItems',
  method: 'post',
  path: '/v1/collections/{name}/clusters',
  tag,
  access: 'read',
  summary: 'Items, or pictures that are not stored, in groups of what is alike',
  description:
    'JSON for items of the collection: all, those of a filter, or those of a list of ids. Up to ' +
    `${mostClusteredAtOnce} are answered at once; more are left to a job, which asks for the scope \`write\` as every ` +
    'job does, and whose `result` is the same `Clustering`. Or a form with two files or more in the field `image`: they ' +
    'are clustered among each other by the model of the collection, and nothing of them is stored. With JSON everything ' +
    'is in the body, and parameters after `?` are refused; an upload takes its options from them.',
  params: collectionParameters,
  query: clusterPicturesParameters,
  body: { json: clusterRequestSchema, upload: { mostFiles: mostClusteredPictures } },
  answers: {
    200: { description: 'The clusters.', json: z.union([clusteringSchema, pictureClusteringSchema]) },
    202: startedJob('Accepted, and on disk: a job does it.'),
  },
  problems: ['not-found', ...imageProblems, ...writeProblems],
});
