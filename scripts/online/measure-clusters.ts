import { facilityLocation } from '../../src/cluster/facility-location.js';
import { PointDistances } from '../../src/cluster/point-distances.js';
import {
  type ClusterSnapshot,
  takeClusterSnapshot,
} from '../../src/gallery/online-clusters/cluster-snapshot.js';
import { numberLabels } from '../../src/gallery/read-embeddings.js';
import { measureAgreement } from '../../src/math/agreement.js';
import type { VectorBlock } from '../../src/math/vectors.js';

/** How good some clusters are. */
export interface Quality {
  readonly clusters: number;
  /** Σ of distances to the own medoid. */
  readonly energy: number;
  /** The energy and what the clusters cost. */
  readonly cost: number;
  readonly nmi: number;
  /** Share of the items that have the most frequent label of their cluster. */
  readonly purity: number;
}

interface Clusters {
  readonly medoids: readonly number[];
  readonly assignment: Int32Array;
}

function purityOf(assignment: Int32Array, labels: Int32Array): number {
  const counts = new Map<number, Map<number, number>>();
  for (const [i, cluster] of assignment.entries()) {
    const ofCluster = counts.get(cluster) ?? new Map<number, number>();
    counts.set(cluster, ofCluster.set(labels[i], (ofCluster.get(labels[i]) ?? 0) + 1));
  }
  const most = [...counts.values()].reduce((sum, ofCluster) => sum + Math.max(...ofCluster.values()), 0);
  return most / assignment.length;
}

export function measureClusters(
  block: VectorBlock,
  { medoids, assignment }: Clusters,
  { labels, facilityCost }: { readonly labels: Int32Array; readonly facilityCost: number },
): Quality {
  const distances = new PointDistances(block);
  const energy = assignment.reduce((sum, position, i) => sum + distances.measure(i, medoids[position]), 0);
  return {
    clusters: medoids.length,
    energy,
    cost: energy + facilityCost * medoids.length,
    nmi: measureAgreement(assignment, labels).nmi.arithmetic,
    purity: purityOf(assignment, labels),
  };
}

export const labelsOf = ({ embeddings }: ClusterSnapshot): Int32Array => numberLabels(embeddings.items);

/** Of what is in the catalog. */
export const measureSnapshot = (snapshot: ClusterSnapshot, facilityCost: number): Quality => {
  const medoids = snapshot.facilities.map(({ point }) => point);
  const found = { medoids, assignment: snapshot.assignment };
  return measureClusters(snapshot.embeddings.block, found, { labels: labelsOf(snapshot), facilityCost });
};

/** What is found offline with all items at hand: at the cost, and with so many clusters. */
export async function measureOffline(
  snapshot: ClusterSnapshot,
  { facilityCost, clusters }: { readonly facilityCost: number; readonly clusters: number },
): Promise<{ atCost: Quality; atCount: Quality }> {
  const { block } = snapshot.embeddings;
  const measure = async (options: { clusters: number; facilityCost?: number }): Promise<Quality> => {
    const { medoids, assignment } = await facilityLocation(block, options);
    const found = { medoids: [...medoids], assignment };
    return measureClusters(block, found, { labels: labelsOf(snapshot), facilityCost });
  };
  return {
    atCost: await measure({ clusters: block.count, facilityCost }),
    atCount: await measure({ clusters }),
  };
}

export async function readClusters(
  source: Parameters<typeof takeClusterSnapshot>[0],
): Promise<ClusterSnapshot> {
  const snapshot = await takeClusterSnapshot(source, new AbortController().signal);
  if (snapshot === undefined) throw new Error('expected clusters');
  return snapshot;
}
