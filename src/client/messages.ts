import type { z } from 'zod';
import type { AnswerOf, JsonBodyOf } from '../api/operation.js';
import type { Operations } from '../api/operations/index.js';
import type { ItemFilter } from '../catalog/item-filter.js';
import type { searchOptionsSchema } from '../gallery/search-question.js';
import type { CropBox } from '../images/crop-box.js';
import type { CallOptions } from './transport.js';

export type Answer<Id extends keyof Operations> = AnswerOf<Operations[Id]>;
export type JsonBody<Id extends keyof Operations> = JsonBodyOf<Operations[Id]>;

export type Collection = Answer<'getCollection'>;
export type Model = Answer<'listModels'>['models'][number];
export type Item = Answer<'getItem'>;
export type ItemPage = Answer<'listItems'>;
export type AddAnswer = Extract<Answer<'addItems'>, { outcomes: unknown }>;
export type OnlineClustering = Answer<'getClustering'>;
export type Cluster = Answer<'updateCluster'>;
export type ClusterPage = Answer<'listClusters'>;
export type ClusterMembers = Answer<'getCluster'>;
export type ClusterHistory = Answer<'getClusterHistory'>;
export type SearchAnswer = Answer<'search'>;
export type Clustering = Extract<Answer<'clusterItems'>, { clusters: { members: { id: number }[] }[] }>;
export type PictureClustering = Extract<
  Answer<'clusterItems'>,
  { clusters: { members: { image: number }[] }[] }
>;
export type ClusterRequest = JsonBody<'clusterItems'>;
export type Evaluation = Answer<'getEvaluation'>;
export type EvaluationPage = Answer<'listEvaluations'>;
export type Job = Answer<'getJob'>;
export type JobPage = Answer<'listJobs'>;
export type DuplicatePage = Answer<'listDuplicates'>;
export type DuplicateDecision = Answer<'decideDuplicates'>;
export type DuplicateDecisionPage = Answer<'listDuplicateDecisions'>;
export type NewItems = JsonBody<'addItems'>['items'];
export type SearchRequest = JsonBody<'search'>;
export type NewEvaluation = JsonBody<'startEvaluation'>;
export type NewJob = JsonBody<'startJob'>;
export type { ItemFilter };

/** A picture to send: its bytes, and of one to be added what is said of it. */
export interface Picture {
  readonly bytes: Uint8Array | Blob;
  /** The hash of its bytes unless given. */
  readonly key?: string;
  readonly label?: string | null;
  readonly metadata?: Record<string, unknown>;
}

export interface PageOptions extends CallOptions {
  readonly limit?: number;
  readonly after?: number;
}

/** How pictures that are uploaded are clustered. */
export type ClusterPicturesOptions = CallOptions & Omit<ClusterRequest, 'filter' | 'itemIds'>;

/** How results are chosen, for pictures that are uploaded. */
export type SearchByImageOptions = CallOptions &
  Partial<Omit<z.input<typeof searchOptionsSchema>, 'includeSelf'>> & { readonly box?: CropBox };
