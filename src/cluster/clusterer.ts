import type { VectorBlock } from '../math/vectors.js';

export interface ClusteringOptions {
  /** With fewer points, as many clusters as points. */
  readonly clusters: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * Groups vectors. Other work has its turns meanwhile.
 * @param block [count, dimension] @returns the cluster of each point: [count]
 * @throws MedoidError `interrupted` once the signal is aborted
 */
export type Clusterer = (
  block: VectorBlock,
  options: ClusteringOptions,
) => Promise<{ readonly assignment: Int32Array }>;
