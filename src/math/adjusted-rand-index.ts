/** Pairs of points, n(n−1)/2 of n. */
export interface PairCounts {
  /** Together in both groupings. */
  readonly both: number;
  readonly clusters: number;
  readonly classes: number;
  /** That there are. */
  readonly all: number;
}

/**
 * The adjusted Rand index (Hubert, Arabie 1985): with φ(n) = n(n−1)/2 pairs,
 *   ARI = (Σφ(n_ck) − E) / ((Σφ(n_c) + Σφ(n_k))/2 − E),  E = Σφ(n_c) Σφ(n_k) / φ(N)
 * Where every shuffle agrees as well, it is 1.
 */
export function adjustedRandIndex({ both, clusters, classes, all }: PairCounts): number {
  if (all === 0) return 1;
  const chance = (clusters * classes) / all;
  const room = (clusters + classes) / 2 - chance;
  return room === 0 ? 1 : (both - chance) / room;
}
