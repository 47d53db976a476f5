import { z } from 'zod';
import { defineOperation } from '../operation.js';
import {
  clusterChangeSchema,
  clusterHistorySchema,
  clusterMembersSchema,
  clusterMergeSchema,
  clusterMoveSchema,
  clusterPageSchema,
  clusterSchema,
  clusterSplitSchema,
  newClusteringSchema,
  onlineClusteringSchema,
} from '../schemas/cluster.js';
import { startedJob } from '../schemas/job.js';
import {
  clusterParameters,
  collectionParameters,
  itemParameters,
  noParameters,
  pageParameters,
} from '../schemas/parameters.js';
import { writeProblems } from '../schemas/problem.js';

const tag = 'Clusters';
const settingsPath = '/v1/collections/{name}/clustering';
const path = '/v1/collections/{name}/clusters';
const onePath = `${path}/{id}`;
const editProblems = ['not-found', 'conflict', ...writeProblems] as const;

export const getClustering = defineOperation({
  id: 'getClustering',
  method: 'get',
  path: settingsPath,
  tag,
  access: 'read',
  summary: 'How items join clusters',
  params: collectionParameters,
  query: noParameters,
  answers: { 200: { description: 'Settings and counts.', json: onlineClusteringSchema } },
  problems: ['not-found'],
});

export const setClustering = defineOperation({
  id: 'setClustering',
  method: 'put',
  path: settingsPath,
  tag,
  access: 'write',
  summary: 'Have items join clusters as they are added',
  description:
    'From now on each item that is added joins the cluster of the nearest medoid or opens one of its own, in the ' +
    'transaction that writes it. A job does the same with the items that are there, and consolidates. Sent again, it ' +
    'changes the settings: clusters stay.',
  params: collectionParameters,
  query: noParameters,
  body: { json: newClusteringSchema },
  answers: {
    202: startedJob('It holds. The job sees to the items that are there.'),
  },
  problems: ['not-found', ...writeProblems],
});

export const deleteClustering = defineOperation({
  id: 'deleteClustering',
  method: 'delete',
  path: settingsPath,
  tag,
  access: 'write',
  summary: 'Forget all clusters, and have no more of them',
  description: 'With their names and their history. The items stay. No id of a cluster ever comes back.',
  params: collectionParameters,
  query: noParameters,
  answers: { 204: { description: 'Gone.' } },
  problems: ['not-found', ...writeProblems],
});

export const listClusters = defineOperation({
  id: 'listClusters',
  method: 'get',
  path,
  tag,
  access: 'read',
  summary: 'The clusters that have items, in pages',
  params: collectionParameters,
  query: z.strictObject({
    ...pageParameters,
    order: z
      .enum(['size', 'id'])
      .default('size')
      .describe('the largest first, as they are when the page is read; or by ascending id'),
  }),
  answers: { 200: { description: 'A page.', json: clusterPageSchema } },
  problems: ['not-found'],
});

export const getCluster = defineOperation({
  id: 'getCluster',
  method: 'get',
  path: onePath,
  tag,
  access: 'read',
  summary: 'One cluster, with its items in pages, the nearest first',
  description: 'Also of one that has been merged or emptied: its state says so, and where its items are.',
  params: clusterParameters,
  query: z.strictObject(pageParameters),
  answers: { 200: { description: 'The cluster.', json: clusterMembersSchema } },
  problems: ['not-found'],
});

export const getClusterHistory = defineOperation({
  id: 'getClusterHistory',
  method: 'get',
  path: `${onePath}/history`,
  tag,
  access: 'read',
  summary: 'What has become of a cluster, in pages',
  params: clusterParameters,
  query: z.strictObject(pageParameters),
  answers: { 200: { description: 'A page.', json: clusterHistorySchema } },
  problems: ['not-found'],
});

export const updateCluster = defineOperation({
  id: 'updateCluster',
  method: 'patch',
  path: onePath,
  tag,
  access: 'write',
  summary: 'Name a cluster, choose its medoid, or let go of what was decided by hand',
  params: clusterParameters,
  query: noParameters,
  body: { json: clusterChangeSchema },
  answers: { 200: { description: 'The cluster as it is now.', json: clusterSchema } },
  problems: editProblems,
});

export const mergeClusters = defineOperation({
  id: 'mergeClusters',
  method: 'post',
  path: `${onePath}/merge`,
  tag,
  access: 'write',
  summary: 'Merge other clusters into this one',
  description: 'All items that are in them by now stay together. What comes joins by any of their medoids.',
  params: clusterParameters,
  query: noParameters,
  body: { json: clusterMergeSchema },
  answers: { 200: { description: 'The cluster as it is now.', json: clusterSchema } },
  problems: editProblems,
});

export const splitCluster = defineOperation({
  id: 'splitCluster',
  method: 'post',
  path: `${onePath}/split`,
  tag,
  access: 'write',
  summary: 'Split a cluster in two',
  description: 'All items that are in it by now stay on the side they come to.',
  params: clusterParameters,
  query: noParameters,
  body: { json: clusterSplitSchema },
  answers: {
    201: {
      description: 'The cluster that was split off.',
      json: clusterSchema,
      headers: { Location: 'where it is' },
    },
  },
  problems: editProblems,
});

export const moveToCluster = defineOperation({
  id: 'moveToCluster',
  method: 'post',
  path: `${onePath}/items`,
  tag,
  access: 'write',
  summary: 'Move items to a cluster, where they stay',
  params: clusterParameters,
  query: noParameters,
  body: { json: clusterMoveSchema },
  answers: { 200: { description: 'The cluster as it is now.', json: clusterSchema } },
  problems: editProblems,
});

export const getItemCluster = defineOperation({
  id: 'getItemCluster',
  method: 'get',
  path: '/v1/collections/{name}/items/{id}/cluster',
  tag,
  access: 'read',
  summary: 'The cluster that an item is in',
  params: itemParameters,
  query: noParameters,
  answers: { 200: { description: 'The cluster.', json: clusterSchema } },
  problems: ['not-found'],
});
