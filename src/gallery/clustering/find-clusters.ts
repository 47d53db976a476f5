import { facilityLocation } from '../../cluster/facility-location.js';
import { findMiddle } from '../../cluster/find-middle.js';
import { graphFacilityLocation } from '../../cluster/graph-facility-location.js';
import { kMeans } from '../../cluster/k-means.js';
import type { NeighbourTable } from '../../cluster/neighbour-lists.js';
import type { VectorBlock } from '../../math/vectors.js';
import { type ClusteringOptions, mostClustersAtAll } from './clustering-input.js';

/** Rows of a block around some of them. */
export interface ClustersFound {
  /** Row that stands for each cluster: [clusters]. */
  readonly medoids: Int32Array;
  /** Cluster of each row: [rows]. */
  readonly assignment: Int32Array;
}

export interface ClusterWork {
  readonly signal: AbortSignal;
  /** Told which part of the work is done, 0..1. */
  readonly onProgress: (share: number) => void;
  /** Neighbours of each row, where there are too many to compare each with each. */
  readonly findNeighbours: (() => Promise<NeighbourTable>) | undefined;
}

/** Rows of each cluster, ascending, in the order of their first ones: [clusters][rows]. */
export function groupRows(assignment: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const [row, cluster] of assignment.entries()) {
    const rows = groups.get(cluster) ?? [];
    if (rows.length === 0) groups.set(cluster, rows);
    rows.push(row);
  }
  return [...groups.values()];
}

/** Clusters that have members, each with the one that is nearest to its mean. */
function aroundMeans(block: VectorBlock, assignment: Int32Array): ClustersFound {
  const groups = groupRows(assignment);
  const ordered = new Int32Array(assignment.length);
  for (const [cluster, rows] of groups.entries()) for (const row of rows) ordered[row] = cluster;
  return { medoids: Int32Array.from(groups, rows => findMiddle(block, rows)), assignment: ordered };
}

/** Without a number: as many as are chosen, or as are worth what they cost. */
const wantedOf = ({ clusters, mostClusters, facilityCost }: ClusteringOptions) => ({
  clusters: clusters ?? (facilityCost === undefined ? 'elbow' : (mostClusters ?? mostClustersAtAll)),
  mostClusters,
  facilityCost,
});

/**
 * Clusters the rows as they are to be. The medoid of a cluster is, with facility location, the one that it was built
 * around; with k-means, its member nearest to its mean.
 * @param block one row at least @throws MedoidError `interrupted`
 */
export async function findClusters(
  block: VectorBlock,
  options: ClusteringOptions,
  { signal, onProgress, findNeighbours }: ClusterWork,
): Promise<ClustersFound> {
  const { clusters, seed } = options;
  if (options.method === 'k-means') {
    // Without one, the options would have been refused.
    const { assignment } = await kMeans(block, { clusters: clusters as number, seed, signal });
    return aroundMeans(block, assignment);
  }
  const wanted = { ...wantedOf(options), signal };
  if (findNeighbours === undefined) return facilityLocation(block, { ...wanted, onProgress });
  const table = await findNeighbours();
  const chosen = (share: number): void => onProgress((1 + share) / 2);
  return graphFacilityLocation(block, { ...wanted, table, onProgress: chosen });
}
