import type { VectorBlock } from '../math/vectors.js';

export interface ClusteringOptions {
  /** With fewer points, as many clusters as points. */
  readonly clusters: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

export interface FacilityOptions extends Omit<ClusteringOptions, 'seed'> {
  /**
   * What a cluster costs, in distance: there are only as many, and never more than `clusters`, as that each when it was
   * opened brought all points nearer by more than that in all. Without it, as many as `clusters`.
   */
  readonly facilityCost?: number | undefined;
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
