import { type RetrievalRows, visitRanks } from './relevant-ranks.js';
import type { VectorBlock } from './vectors.js';

export interface RetrievalMetrics {
  /** Recall@K by K: share of queries with at least one item of their class among the K nearest. */
  readonly recallAt: Record<number, number>;
  /** Precision@K by K: mean over queries of the share of the K nearest that are of their class; K even where fewer are. */
  readonly precisionAt: Record<number, number>;
  /** MAP@R: mean over queries of 1/R Σ_{i≤R} P(i)·rel(i), R = other items of the query's class (Musgrave et al. 2020). */
  readonly mapAtR: number;
  /** R-precision: mean over queries of the share of the R nearest that are of their class. */
  readonly rPrecision: number;
  /** Queries that the means are over. */
  readonly queries: number;
  /** Left out of the means: nothing of their class, but themselves, is there to be found. Others still find them. */
  readonly singletons: number;
}

export interface RetrievalOptions {
  /** Values of K. */
  readonly ks: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** How many of the ranks, ascending, are at most k. */
const countWithin = (ranks: Int32Array, k: number): number => {
  let count = 0;
  while (count < ranks.length && ranks[count] <= k) count++;
  return count;
};

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
  const recalls = ks.map(() => 0);
  const precisions = ks.map(() => 0);
  let averagePrecision = 0;
  let rPrecision = 0;
  let counted = 0;
  const visit = (ranks: Int32Array): void => {
    counted++;
    for (const [i, k] of ks.entries()) {
      const within = countWithin(ranks, k);
      if (within > 0) recalls[i]++;
      precisions[i] += within / k;
    }
    const withinR = countWithin(ranks, ranks.length);
    let sum = 0;
    for (let i = 0; i < withinR; i++) sum += (i + 1) / ranks[i];
    averagePrecision += sum / ranks.length;
    rPrecision += withinR / ranks.length;
  };
  await visitRanks(block, labels, { queries, gallery, signal, visit });
  const meanOf = (sum: number): number => (counted === 0 ? 0 : sum / counted);
  const byK = (sums: readonly number[]): Record<number, number> =>
    Object.fromEntries(ks.map((k, i) => [k, meanOf(sums[i])]));
  return {
    recallAt: byK(recalls),
    precisionAt: byK(precisions),
    mapAtR: meanOf(averagePrecision),
    rPrecision: meanOf(rPrecision),
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
