import type { VectorBlock } from '../math/vectors.js';
import type { CountChoice } from './choose-count.js';

export interface ClusteringOptions {
  /** With fewer points, as many clusters as points. */
  readonly clusters: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

export interface FacilityOptions extends Omit<ClusteringOptions, 'clusters' | 'seed'> {
  /** How many, or who chooses. With fewer points, as many clusters as points. */
  readonly clusters: number | CountChoice;
  /** No more are chosen; half of the points, and no more than 1000, unless given. Of no meaning for a number. */
  readonly mostClusters?: number | undefined;
  /**
   * What a cluster costs, in distance: there are only as many, and never more than `clusters`, as that each when it was
   * opened brought all points nearer by more than that in all. Without it, as many as `clusters`. For a number.
   */
  readonly facilityCost?: number | undefined;
  /** Told which part of the work is done, 0..1, swaps aside. */
  readonly onProgress?: (share: number) => void;
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
