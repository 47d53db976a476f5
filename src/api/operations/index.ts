import type { Operation } from '../operation.js';
import { clusterItems } from './cluster-items.js';
import {
  deleteClustering,
  getCluster,
  getClusterHistory,
  getClustering,
  getItemCluster,
  listClusters,
  mergeClusters,
  moveToCluster,
  setClustering,
  splitCluster,
  updateCluster,
} from './clusters.js';
import { createCollection, deleteCollection, getCollection, listCollections } from './collections.js';
import {
  decideDuplicates,
  deleteDuplicateDecision,
  listDuplicateDecisions,
  listDuplicates,
  searchDuplicates,
} from './duplicates.js';
import { deleteEvaluation, getEvaluation, listEvaluations, startEvaluation } from './evaluations.js';
import {
  addItems,
  deleteItem,
  deleteItems,
  getItem,
  getItemImage,
  getItemThumbnail,
  listItems,
  updateItem,
} from './items.js';
import { cancelJob, getJob, listJobs, startJob, watchJob } from './jobs.js';
import { activateModel, listModels, rollBackModel } from './models.js';
import { getHealth, getMetrics, getOpenApi, getReadiness } from './operating.js';
import { search, searchBatch } from './search.js';

/** Everything that can be asked over HTTP, by its id, in the order of the documentation. */
export const operations = {
  listCollections,
  createCollection,
  getCollection,
  deleteCollection,
  listItems,
  addItems,
  deleteItems,
  getItem,
  updateItem,
  deleteItem,
  getItemImage,
  getItemThumbnail,
  getClustering,
  setClustering,
  deleteClustering,
  listClusters,
  getCluster,
  getClusterHistory,
  updateCluster,
  mergeClusters,
  splitCluster,
  moveToCluster,
  getItemCluster,
  search,
  searchBatch,
  clusterItems,
  listModels,
  activateModel,
  rollBackModel,
  startEvaluation,
  listEvaluations,
  getEvaluation,
  deleteEvaluation,
  searchDuplicates,
  listDuplicates,
  decideDuplicates,
  listDuplicateDecisions,
  deleteDuplicateDecision,
  startJob,
  listJobs,
  getJob,
  watchJob,
  cancelJob,
  getHealth,
  getReadiness,
  getMetrics,
  getOpenApi,
} as const;

export type Operations = typeof operations;

export const listOperations = (): readonly Operation[] => Object.values(operations);
