import type { Catalog } from '../../catalog/catalog.js';
import type { ClusteringRow } from '../../catalog/cluster-rows.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { findMiddle } from '../../cluster/find-middle.js';
import { kMeans } from '../../cluster/k-means.js';
import { MedoidError } from '../../errors.js';
import { stackVectors, type VectorBlock } from '../../math/vectors.js';
import { createTurns } from '../../take-turns.js';
import { readVector } from './read-vector.js';

/** Which of the members a cluster is to be split off with, and which of those is to stand for them. */
export interface SplitPlan {
  readonly itemIds: readonly number[];
  readonly medoid: number;
}

interface ClusterToSplit {
  readonly catalog: Catalog;
  readonly clustering: ClusteringRow;
  /** That is searched. */
  readonly set: EmbeddingSetRow;
  readonly id: number;
  readonly signal?: AbortSignal | undefined;
}

/** Items, and a row for each. */
interface ReadVectors {
  readonly rows: readonly number[];
  readonly block: VectorBlock;
}

/** Others that write wait for it: of a large cluster, the last few items to change sides would take minutes. */
const mostIterations = 10;

/** Of those that have vectors. */
async function readVectors(
  itemIds: Iterable<number>,
  { catalog, set, signal }: ClusterToSplit,
): Promise<ReadVectors> {
  const takeTurn = createTurns(signal);
  const rows: number[] = [];
  const vectors: Float32Array[] = [];
  for (const itemId of itemIds) {
    await takeTurn();
    const vector = readVector(catalog, set, itemId);
    if (vector === undefined) continue;
    rows.push(itemId);
    vectors.push(vector);
  }
  return { rows, block: stackVectors(vectors, set.dimension) };
}

/** Of two halves that without the pinned medoid, which goes on standing for the cluster; or with fewer medoids; or the smaller. */
async function halve(itemIds: Iterable<number>, cluster: ClusterToSplit): Promise<number[]> {
  const { catalog, clustering, id, signal } = cluster;
  const { rows, block } = await readVectors(itemIds, cluster);
  const { assignment } = await kMeans(block, {
    clusters: 2,
    seed: clustering.seed,
    maxIterations: mostIterations,
    ...(signal && { signal }),
  });
  const halves = [0, 1].map(half => rows.filter((_, row) => assignment[row] === half));
  const facilities = catalog.clusterings.members.facilitiesOf(id);
  const ranked = halves.map(half => {
    const members = new Set(half);
    const medoids = facilities.filter(({ itemId }) => members.has(itemId));
    return { half, medoids: medoids.length, pinned: medoids.filter(({ isPinned }) => isPinned).length };
  });
  ranked.sort((a, b) => a.pinned - b.pinned || a.medoids - b.medoids || a.half.length - b.half.length);
  const [{ half }] = ranked;
  if (half.length > 0) return half;
  throw new MedoidError('conflict', `the items of cluster ${id} all look the same: say which are to go`);
}

/**
 * Other work has its turns meanwhile.
 * @param wanted the items that are to be split off; the machine chooses unless given
 * @throws MedoidError `conflict`, `invalid-request` or `interrupted`
 */
export async function planSplit(
  wanted: readonly number[] | undefined,
  cluster: ClusterToSplit,
): Promise<SplitPlan> {
  const { catalog, id } = cluster;
  const all = new Set(catalog.clusterings.members.ofCluster(id).map(({ itemId }) => itemId));
  if (all.size < 2) throw new MedoidError('conflict', `cluster ${id} has one item: it cannot be split`);
  const itemIds = wanted === undefined ? await halve(all, cluster) : [...new Set(wanted)];
  const stranger = itemIds.find(itemId => !all.has(itemId));
  if (stranger !== undefined || itemIds.length === all.size) {
    const found = stranger === undefined ? 'all of them' : `${stranger}, which is none`;
    throw new MedoidError('invalid-request', `expected some items of cluster ${id}, got ${found}`, {
      field: 'itemIds',
    });
  }
  const { rows, block } = await readVectors(itemIds, cluster);
  const medoid = rows.length === 0 ? itemIds[0] : rows[findMiddle(block, [...rows.keys()])];
  return { itemIds, medoid };
}
