import type { Catalog } from '../../catalog/catalog.js';
import { mostCompared } from '../../cluster/facility-location.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { lookAround } from '../look-around.js';
import { readEmbeddings } from '../read-embeddings.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { ClusteredItem, Clustering } from './clustering.js';
import type { ClusterInput } from './clustering-input.js';
import { describeClusters } from './describe-clusters.js';
import { findClusters } from './find-clusters.js';
import { selectItems } from './select-items.js';

/** What is clustered, how, and who is told. */
export interface ItemClustering extends ClusterInput {
  readonly signal: AbortSignal;
  /** Told how many items were done, as of one pass over them. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface ClusteringSource {
  readonly catalog: Catalog;
  readonly collectionId: number;
  /** Beyond so many items near ones are looked at, not every pair. */
  readonly mostCompared?: number;
}

/**
 * Groups items of a collection by their embeddings, by comparison with each other or, where they are too many for that,
 * around near neighbours.
 * @throws MedoidError `not-found` for ids that there are no items of, `interrupted`
 */
export async function clusterItems(
  space: EmbeddingSpace,
  { catalog, collectionId, mostCompared: most = mostCompared }: ClusteringSource,
  { signal, onProgress, filter, itemIds, ...options }: ItemClustering,
): Promise<Clustering> {
  stopIfAborted(signal);
  const { method } = options;
  const source = { catalog, collectionId, set: space.set };
  const chosen = selectItems({ filter, itemIds }, source);
  const embeddings = await readEmbeddings(source, { signal, itemIds: chosen });
  const { items, block } = embeddings;
  const total = items.length;
  onProgress({ done: 0, total });
  const none = { clusters: [], energy: 0, silhouette: null, purity: null, items: 0 };
  if (total === 0) return { ...none, method, modelId: space.modelId };
  const tell = (share: number): void => onProgress({ done: Math.floor(share * total), total });
  const search = { amongThem: chosen !== undefined, signal, onProgress: (share: number) => tell(share / 2) };
  const found = await findClusters(block, options, {
    signal,
    onProgress: tell,
    findNeighbours: total > most ? () => lookAround(embeddings, space, search) : undefined,
  });
  const described = {
    block,
    labelOf: (row: number) => items[row].label,
    idOf: (row: number) => items[row].itemId,
    memberOf: (row: number, distance: number): ClusteredItem => ({ id: items[row].itemId, distance }),
  };
  const clusters = await describeClusters(found, described, signal);
  onProgress({ done: total, total });
  return { ...clusters, method, modelId: space.modelId };
}
