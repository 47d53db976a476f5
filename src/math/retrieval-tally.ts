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

/**
 * Sums the metrics up, query by query. Ranks are those of the items of the query's class, from 1, ascending; such as lie
 * behind the K or the R that is counted up to may be missing, and so may those that a search has not found.
 */
export interface RetrievalTally {
  /** Recall@K and Precision@K of the next query. */
  countAtKs(ranks: ArrayLike<number>): void;
  /** MAP@R and R-precision of the next query. @param relevant R, at least 1 */
  countAtR(ranks: ArrayLike<number>, relevant: number): void;
  /** @param asked queries in all, those left out among them */
  metrics(asked: number): RetrievalMetrics;
}

/** How many of the ranks, ascending, are at most k. */
const countWithin = (ranks: ArrayLike<number>, k: number): number => {
  let count = 0;
  while (count < ranks.length && ranks[count] <= k) count++;
  return count;
};

/** @param ks values of K */
export function createRetrievalTally(ks: readonly number[]): RetrievalTally {
  const recalls = ks.map(() => 0);
  const precisions = ks.map(() => 0);
  let averagePrecision = 0;
  let rPrecision = 0;
  let counted = 0;
  const meanOf = (sum: number): number => (counted === 0 ? 0 : sum / counted);
  const byK = (sums: readonly number[]): Record<number, number> =>
    Object.fromEntries(ks.map((k, i) => [k, meanOf(sums[i])]));
  return {
    countAtKs: ranks => {
      for (const [i, k] of ks.entries()) {
        const within = countWithin(ranks, k);
        if (within > 0) recalls[i]++;
        precisions[i] += within / k;
      }
    },
    countAtR: (ranks, relevant) => {
      counted++;
      const within = countWithin(ranks, relevant);
      let sum = 0;
      for (let i = 0; i < within; i++) sum += (i + 1) / ranks[i];
      averagePrecision += sum / relevant;
      rPrecision += within / relevant;
    },
    metrics: asked => ({
      recallAt: byK(recalls),
      precisionAt: byK(precisions),
      mapAtR: meanOf(averagePrecision),
      rPrecision: meanOf(rPrecision),
      queries: counted,
      singletons: asked - counted,
    }),
  };
}
