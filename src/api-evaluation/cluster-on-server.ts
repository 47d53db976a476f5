import { type ItemFilter, JobError, type MedoidClient, ProblemError } from '../client/medoid-client.js';
import { type Agreement, measureAgreement } from '../math/agreement.js';
import type { LabelledItems } from './labelled-items.js';

export interface ClusterOptions {
  readonly collection: string;
  readonly filter?: ItemFilter | undefined;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** How well the clusters agree with the labels, or why there are none. */
export type ServerClustering =
  | { readonly agreement: Agreement; readonly failure: null }
  | { readonly agreement: null; readonly failure: string };

/** Of those that are in a cluster: what has come or gone meanwhile is not. */
function compare(
  clusters: readonly { readonly members: readonly { readonly id: number }[] }[],
  items: LabelledItems,
) {
  const clusterOf = new Int32Array(items.ids.length).fill(-1);
  for (const [cluster, { members }] of clusters.entries()) {
    for (const { id } of members) {
      const row = items.rowOf.get(id);
      if (row !== undefined) clusterOf[row] = cluster;
    }
  }
  const rows = Array.from(clusterOf.keys()).filter(row => clusterOf[row] >= 0);
  return measureAgreement(
    rows.map(row => clusterOf[row]),
    rows.map(row => items.labels[row]),
  );
}

/**
 * Has the server put the labelled items into as many clusters as there are labels, by k-means. One that cannot, or may
 * not by the key, costs nothing of the rest.
 * @throws ProblemError when the server fails in a way that concerns everything
 */
export async function clusterOnServer(
  client: MedoidClient,
  items: LabelledItems,
  { collection, filter, seed, signal }: ClusterOptions,
): Promise<ServerClustering> {
  const isLabelled: ItemFilter = { field: 'label', exists: true };
  const request = {
    clusters: items.names.length,
    method: 'k-means' as const,
    seed,
    filter: filter === undefined ? isLabelled : { and: [isLabelled, filter] },
  };
  try {
    const { clusters } = await client.clusterItems(collection, request, { signal });
    return { agreement: compare(clusters, items), failure: null };
  } catch (error) {
    const isRefused = error instanceof ProblemError && error.status < 500 && error.status !== 401;
    if (isRefused || error instanceof JobError) return { agreement: null, failure: error.message };
    throw error;
  }
}
