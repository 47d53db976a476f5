import type { VectorBlock } from './vectors.js';

export interface RetrievalMetrics {
  /** Recall@K by K: share of queries with at least one item of their class among the K nearest. */
  readonly recallAt: Record<number, number>;
  /** MAP@R: mean over queries of 1/R Σ_{i≤R} P(i)·rel(i), R = other items of the query's class (Musgrave et al. 2020). */
  readonly mapAtR: number;
  /** Queries that the means are over. */
  readonly queries: number;
  /** Items that are the only one of their class: no query, since nothing could be found, but found by others. */
  readonly singletons: number;
}

/** Positions of the items by class. */
function groupByLabel(labels: ArrayLike<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const group = groups.get(labels[i]);
    if (group === undefined) groups.set(labels[i], [i]);
    else group.push(i);
  }
  return groups;
}

/** Squared distances of item `query` to all: [count]. */
function distancesFrom({ data, count, dimension }: VectorBlock, query: number, target: Float64Array): void {
  const origin = query * dimension;
  for (let j = 0, offset = 0; j < count; j++, offset += dimension) {
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      const difference = data[origin + d] - data[offset + d];
      sum += difference * difference;
    }
    target[j] = sum;
  }
}

/**
 * Ranks, counted from 1, of the relevant items among all items but the query, nearest first; equally near ones in the
 * order of their positions. One pass over the items: each one that is not relevant moves those behind it back by one.
 */
function ranksOf(distances: Float64Array, query: number, relevant: readonly number[]): Int32Array {
  const isBefore = (a: number, b: number): boolean =>
    distances[a] < distances[b] || (distances[a] === distances[b] && a < b);
  const sorted = [...relevant].sort((a, b) => distances[a] - distances[b] || a - b);
  const farthest = distances[sorted[sorted.length - 1]];
  const isRelevant = new Set(relevant);
  const passed = new Int32Array(sorted.length + 1);
  for (let j = 0; j < distances.length; j++) {
    if (distances[j] > farthest || j === query || isRelevant.has(j)) continue;
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
 * Leave-one-out retrieval: every item is a query against all others, itself left out by identity, not by rank. Exact.
 * @param block [count, dimension] @param labels class of each: [count] @param ks values of K
 */
export function evaluateRetrieval(
  block: VectorBlock,
  labels: ArrayLike<number>,
  ks: readonly number[],
): RetrievalMetrics {
  const groups = groupByLabel(labels);
  const distances = new Float64Array(block.count);
  const hits = ks.map(() => 0);
  let precisionSum = 0;
  let queries = 0;
  for (let query = 0; query < block.count; query++) {
    const relevant = (groups.get(labels[query]) as number[]).filter(i => i !== query);
    if (relevant.length === 0) continue;
    queries++;
    distancesFrom(block, query, distances);
    const ranks = ranksOf(distances, query, relevant);
    for (const [i, k] of ks.entries()) if (ranks[0] <= k) hits[i]++;
    let precision = 0;
    for (let i = 0; i < ranks.length && ranks[i] <= relevant.length; i++) precision += (i + 1) / ranks[i];
    precisionSum += precision / relevant.length;
  }
  const meanOf = (sum: number): number => (queries === 0 ? 0 : sum / queries);
  return {
    recallAt: Object.fromEntries(ks.map((k, i) => [k, meanOf(hits[i])])),
    mapAtR: meanOf(precisionSum),
    queries,
    singletons: block.count - queries,
  };
}
