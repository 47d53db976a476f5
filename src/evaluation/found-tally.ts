export interface NearestOfQuery {
  /** Distance of the K-th nearest by K, of the last one where there are fewer: [ks] */
  readonly farthest: ArrayLike<number>;
  /** That could be found. */
  readonly others: number;
}

/** Sums up how many of the nearest a search finds, query by query. */
export interface FoundTally {
  /** @param distances of what was found, ascending, measured alike */
  count(distances: readonly number[], nearest: NearestOfQuery): void;
  /** Mean over the queries by K. */
  shares(): Record<number, number>;
}

/** @param ks values of K */
export function createFoundTally(ks: readonly number[]): FoundTally {
  const sums = ks.map(() => 0);
  let queries = 0;
  return {
    count: (distances, { farthest, others }) => {
      queries++;
      for (const [n, k] of ks.entries()) {
        const found = distances.slice(0, k).filter(distance => distance <= farthest[n]).length;
        sums[n] += found / Math.min(k, others);
      }
    },
    shares: () => Object.fromEntries(ks.map((k, n) => [k, sums[n] / Math.max(1, queries)])),
  };
}
