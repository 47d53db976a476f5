import { createTurns } from '../take-turns.js';
import type { VectorBlock } from './vectors.js';

export interface RetrievalMetrics {
  /** Recall@K by K: share of queries with at least one item of their class among the K nearest. */
  readonly recallAt: Record<number, number>;
  /** MAP@R: mean over queries of 1/R Σ_{i≤R} P(i)·rel(i), R = other items of the query's class (Musgrave et al. 2020). */
  readonly mapAtR: number;
  /** Queries that the means are over. */
  readonly queries: number;
  /** Left out of the means: nothing of their class, but themselves, is there to be found. Others still find them. */
  readonly singletons: number;
}

/** Who is asked about, and who may be found; as rows of one block, so that a row in both is one and the same item. */
export interface RetrievalRows {
  readonly queries: ArrayLike<number>;
  /** Each row once. */
  readonly gallery: ArrayLike<number>;
}

export interface RetrievalOptions {
  /** Values of K. */
  readonly ks: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** Positions in the gallery by class. */
function groupByLabel(labels: ArrayLike<number>, gallery: ArrayLike<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < gallery.length; i++) {
    const label = labels[gallery[i]];
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [i]);
    else group.push(i);
  }
  return groups;
}

/** Squared distances of row `query` to the gallery: [gallery]. */
function distancesFrom(
  { data, dimension }: VectorBlock,
  query: number,
  gallery: ArrayLike<number>,
  target: Float64Array,
): void {
  const origin = query * dimension;
  for (let j = 0; j < gallery.length; j++) {
    const offset = gallery[j] * dimension;
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      const difference = data[origin + d] - data[offset + d];
      sum += difference * difference;
    }
    target[j] = sum;
  }
}

/**
 * Ranks, counted from 1, of the relevant items among the gallery without the query, nearest first; equally near ones in
 * the order of their positions. One pass over the gallery: each one that is not relevant moves those behind it back by one.
 * @param self position of the query in the gallery, -1 when it is not there
 */
function ranksOf(distances: Float64Array, self: number, relevant: readonly number[]): Int32Array {
  const isBefore = (a: number, b: number): boolean =>
    distances[a] < distances[b] || (distances[a] === distances[b] && a < b);
  const sorted = [...relevant].sort((a, b) => distances[a] - distances[b] || a - b);
  const farthest = distances[sorted[sorted.length - 1]];
  const isRelevant = new Set(relevant);
  const passed = new Int32Array(sorted.length + 1);
  for (let j = 0; j < distances.length; j++) {
    if (distances[j] > farthest || j === self || isRelevant.has(j)) continue;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(sorted[middle], j)) low = middle + 1;
      else high = middle;
    }
    passed[low]++;
  }
  let strangers = 0;
  return Int32Array.from(sorted, (_, i) => {
    strangers += passed[i];
    return i + 1 + strangers;
  });
}

/**
 * Queries against a gallery. A query that is in the gallery itself is left out by identity, not by rank. Exact. Other
 * work has its turns meanwhile.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function evaluateQueries(
  block: VectorBlock,
  labels: ArrayLike<number>,
  { ks, queries, gallery, signal }: RetrievalOptions & RetrievalRows,
): Promise<RetrievalMetrics> {
  const takeTurn = createTurns(signal);
  const groups = groupByLabel(labels, gallery);
  const positions = new Int32Array(block.count).fill(-1);
  for (let i = 0; i < gallery.length; i++) positions[gallery[i]] = i;
  const distances = new Float64Array(gallery.length);
  const hits = ks.map(() => 0);
  let precisionSum = 0;
  let counted = 0;
  for (let i = 0; i < queries.length; i++) {
    const query = queries[i];
    const self = positions[query];
    const relevant = (groups.get(labels[query]) ?? []).filter(position => position !== self);
    if (relevant.length === 0) continue;
    await takeTurn();
    counted++;
    distancesFrom(block, query, gallery, distances);
    const ranks = ranksOf(distances, self, relevant);
    for (const [j, k] of ks.entries()) if (ranks[0] <= k) hits[j]++;
    let precision = 0;
    for (let j = 0; j < ranks.length && ranks[j] <= relevant.length; j++) precision += (j + 1) / ranks[j];
    precisionSum += precision / relevant.length;
  }
  const meanOf = (sum: number): number => (counted === 0 ? 0 : sum / counted);
  return {
    recallAt: Object.fromEntries(ks.map((k, i) => [k, meanOf(hits[i])])),
    mapAtR: meanOf(precisionSum),
    queries: counted,
    singletons: queries.length - counted,
  };
}

/**
 * Leave-one-out retrieval: every item is a query against all others. As `evaluateQueries`.
 * @param block [count, dimension] @param labels class of each: [count]
 */
export function evaluateRetrieval(
  block: VectorBlock,
  labels: ArrayLike<number>,
  options: RetrievalOptions,
): Promise<RetrievalMetrics> {
  const everyRow = Int32Array.from({ length: block.count }, (_, i) => i);
  return evaluateQueries(block, labels, { ...options, queries: everyRow, gallery: everyRow });
}
