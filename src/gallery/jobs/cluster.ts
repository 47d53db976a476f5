import { z } from 'zod';
import type { FacilityOptions } from '../../cluster/clusterer.js';
import { facilityLocation } from '../../cluster/facility-location.js';
import { findMiddle } from '../../cluster/find-middle.js';
import { graphFacilityLocation } from '../../cluster/graph-facility-location.js';
import { kMeans } from '../../cluster/k-means.js';
import { MedoidError } from '../../errors.js';
import { rowOf, squaredDistance } from '../../math/vectors.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { findNeighbours } from '../find-neighbours.js';
import { type EmbeddingsOfItems, readEmbeddings } from '../read-embeddings.js';
import { defineJob, type JobContext } from './job.js';

/** Beyond this, facility location looks at near neighbours only, which is quick. */
const mostCompared = 15_000;
/** More lead nowhere new in two steps, and take longer to find. */
const neighbourCount = 16;
const reportEvery = 100;

export const clusterInputSchema = z.strictObject({
  clusters: z.int().min(1).max(10_000).describe('how many; as many as items where there are fewer'),
  method: z
    .enum(['facility-location', 'k-means'])
    .default('facility-location')
    .describe(
      `facility-location finds the medoids that are nearest to all; with more than ${mostCompared} items it looks at ` +
        'near ones in the graph, not at every pair; k-means moves centres to the means of their items',
    ),
  facilityCost: z
    .number()
    .min(0)
    .optional()
    .describe(
      'opens a cluster only if it brings all items together nearer to their medoids by more than this distance; ' +
        'then `clusters` is the most there may be; for facility-location',
    ),
  seed: z.int().default(0).describe('of k-means; nothing is drawn by facility-location'),
});

interface Cluster {
  /** Id of the item that stands for the cluster. */
  readonly medoid: number;
  readonly size: number;
  /** Of all its items to the medoid, which itself is one of them. */
  readonly meanDistance: number;
  /** Ids, ascending. */
  readonly items: readonly number[];
}

/** Rows of each cluster, ascending: [clusters][rows]. */
function groupRows(assignment: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const [row, cluster] of assignment.entries()) {
    const rows = groups.get(cluster) ?? [];
    if (rows.length === 0) groups.set(cluster, rows);
    rows.push(row);
  }
  return [...groups.values()];
}

async function locateFacilities(
  embeddings: EmbeddingsOfItems,
  { space, ...options }: FacilityOptions & { readonly space: EmbeddingSpace },
  { signal, report }: JobContext,
) {
  const { items, block } = embeddings;
  if (items.length <= mostCompared) return facilityLocation(block, options);
  const index = await space.indexed();
  const onProgress = (done: number): void => {
    if (done % reportEvery === 0) report({ done, total: items.length });
  };
  const search = { index, width: neighbourCount, signal, onProgress };
  const table = await findNeighbours(embeddings, search);
  return graphFacilityLocation(block, { ...options, table });
}

/** @param medoidOf the row that stands for some rows */
function describeCluster(
  { items, block }: EmbeddingsOfItems,
  rows: readonly number[],
  medoidOf: (rows: readonly number[]) => number,
): Cluster {
  const medoid = medoidOf(rows);
  const sum = rows.reduce(
    (total, row) => total + Math.sqrt(squaredDistance(rowOf(block, row), rowOf(block, medoid))),
    0,
  );
  return {
    medoid: items[medoid].itemId,
    size: rows.length,
    meanDistance: sum / rows.length,
    items: rows.map(row => items[row].itemId),
  };
}

/**
 * Groups the items by their embeddings. The medoid of a cluster is, with facility location, the one it was built
 * around; with k-means, its member nearest to its mean. Largest first.
 */
export const cluster = defineJob({
  input: clusterInputSchema,
  async run({ clusters, method, facilityCost, seed }, context) {
    const { opened, catalog, signal, report } = context;
    if (method === 'k-means' && facilityCost !== undefined) {
      throw new MedoidError('invalid-request', 'k-means knows no facilityCost, facility-location does', {
        field: 'facilityCost',
      });
    }
    return opened.space.use(async space => {
      const embeddings = await readEmbeddings({ catalog, set: space.set }, { signal });
      const { items, block } = embeddings;
      report({ done: 0, total: items.length });
      const found =
        method === 'k-means'
          ? await kMeans(block, { clusters, seed, signal })
          : await locateFacilities(embeddings, { clusters, facilityCost, signal, space }, context);
      const medoidOf = (rows: readonly number[]): number =>
        'medoids' in found ? found.medoids[found.assignment[rows[0]]] : findMiddle(block, rows);
      const described = (items.length === 0 ? [] : groupRows(found.assignment))
        .map(rows => describeCluster(embeddings, rows, medoidOf))
        .sort((a, b) => b.size - a.size || a.medoid - b.medoid);
      report({ done: items.length, total: items.length });
      /** Sum of the distances of all items to their medoids. */
      const energy = described.reduce((sum, { size, meanDistance }) => sum + size * meanDistance, 0);
      return { clusters: described, energy };
    });
  },
});
