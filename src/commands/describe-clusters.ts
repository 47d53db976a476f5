import { csvText } from '../csv-text.js';
import { MedoidError } from '../errors.js';
import type { ClusteredItem, Clustering } from '../gallery/clustering/clustering.js';
import type { Collection } from '../gallery/collection.js';
import type { ShownCluster, ShownMember } from '../report/render-clusters.js';
import { formatTable } from './format-table.js';

/** Nothing for an item that has been removed meanwhile. */
function showMember(collection: Collection, { id, distance }: ClusteredItem): ShownMember[] {
  try {
    const { key, label } = collection.getItem(id);
    return [{ id, key, label, distance }];
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Clusters with what is known of their items; one whose medoid has been removed meanwhile is left out. */
export const showClusters = (collection: Collection, { clusters }: Clustering): ShownCluster[] =>
  clusters.flatMap(({ members: [first, ...rest], medoid: _, ...cluster }) =>
    showMember(collection, first).map(medoid => ({
      ...cluster,
      medoid,
      others: rest.flatMap(member => showMember(collection, member)),
    })),
  );

/** What there is to say of all clusters together, of which nothing is null. */
export const summariseClustering = ({
  energy,
  silhouette,
  purity,
}: Clustering): [name: string, value: string][] =>
  Object.entries({ energy, silhouette, purity }).flatMap(([name, value]) =>
    value === null ? [] : [[name, value.toFixed(4)]],
  );

const optional = (value: number | null): string => (value === null ? '' : value.toFixed(4));

export function describeClustering(clustering: Clustering, clusters: readonly ShownCluster[]): string {
  const sums = summariseClustering(clustering).map(([name, value]) => `${name} ${value}`);
  const summary = `${[`${clustering.items} items in ${clustering.clusters.length} clusters`, ...sums].join(', ')}.`;
  if (clusters.length === 0) return summary;
  const rows = clusters.map(({ size, meanDistance, silhouette, label, purity, medoid }, at) => [
    String(at + 1),
    String(size),
    meanDistance.toFixed(4),
    optional(silhouette),
    optional(purity),
    label ?? '',
    medoid.key,
  ]);
  const names = ['cluster', 'size', 'mean distance', 'silhouette', 'purity', 'label', 'medoid'];
  return [formatTable([names, ...rows]), summary].join('\n');
}

/** A row an item; the medoid of a cluster is the first of it. */
export function clustersCsv(clusters: readonly ShownCluster[]): string {
  const rows = clusters.flatMap(({ medoid, others }, at) =>
    [medoid, ...others].map(({ id, key, label, distance }) => [at + 1, id, key, label, distance, medoid.id]),
  );
  return csvText([['cluster', 'id', 'key', 'label', 'distance', 'medoid'], ...rows]);
}
