import { z } from 'zod';
import { facilityLocation, mostFacilityItems } from '../../cluster/facility-location.js';
import { kMeans } from '../../cluster/k-means.js';
import { MedoidError } from '../../errors.js';
import { rowOf, squaredDistance, type VectorBlock } from '../../math/vectors.js';
import { readEmbeddings } from '../read-embeddings.js';
import { defineJob } from './job.js';

export const clusterInputSchema = z.strictObject({
  clusters: z.int().min(1).max(10_000).describe('how many; as many as items where there are fewer'),
  method: z
    .enum(['facility-location', 'k-means'])
    .default('facility-location')
    .describe(
      `facility-location finds the medoids that are nearest to all, among at most ${mostFacilityItems} items; ` +
        'k-means is for more',
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

/** The row nearest to the mean of the rows, of equally near ones the first. */
function findMiddle(block: VectorBlock, rows: readonly number[]): number {
  const mean = new Float64Array(block.dimension);
  for (const row of rows) {
    const vector = rowOf(block, row);
    for (let d = 0; d < mean.length; d++) mean[d] += vector[d] / rows.length;
  }
  let [middle, least] = [rows[0], Number.POSITIVE_INFINITY];
  for (const row of rows) {
    const squared = squaredDistance(rowOf(block, row), mean);
    if (squared < least) [middle, least] = [row, squared];
  }
  return middle;
}

/**
 * Groups the items by their embeddings. The medoid of a cluster is, with facility location, the one it was built
 * around; with k-means, its member nearest to its mean. Largest first.
 */
export const cluster = defineJob({
  input: clusterInputSchema,
  async run({ clusters, method, seed }, { opened, catalog, signal, report }) {
    const { set } = opened.space.current;
    const { items, block } = await readEmbeddings({ catalog, set }, { signal });
    report({ done: 0, total: items.length });
    if (method === 'facility-location' && items.length > mostFacilityItems) {
      throw new MedoidError(
        'invalid-request',
        `facility-location takes at most ${mostFacilityItems} items, the collection has ${items.length}: use k-means`,
        { field: 'method' },
      );
    }
    const options = { clusters, seed, signal };
    const found =
      method === 'k-means' ? await kMeans(block, options) : await facilityLocation(block, options);
    const describe = (rows: readonly number[]): Cluster => {
      const medoid = 'medoids' in found ? found.medoids[found.assignment[rows[0]]] : findMiddle(block, rows);
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
    };
    const described = (items.length === 0 ? [] : groupRows(found.assignment))
      .map(describe)
      .sort((a, b) => b.size - a.size || a.medoid - b.medoid);
    report({ done: items.length, total: items.length });
    /** Sum of the distances of all items to their medoids. */
    const energy = described.reduce((sum, { size, meanDistance }) => sum + size * meanDistance, 0);
    return { clusters: described, energy };
  },
});
