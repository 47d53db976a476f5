import { assignToMedoids, type DistanceMatrix, fillDistances } from '../math/facility-location.js';
import type { VectorBlock } from '../math/vectors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import type { ClusteringOptions } from './clusterer.js';
import { chooseMedoids } from './greedy-medoids.js';
import { swapMedoids } from './swap-medoids.js';

/** All distances are kept, 8 bytes each: 800 MB. */
export const mostFacilityItems = 10_000;

export interface FacilityLocationResult {
  /** Cluster of each point, as a position in `medoids`: [count]. */
  readonly assignment: Int32Array;
  /** Points that stand for their clusters: [clusters]. */
  readonly medoids: Int32Array;
}

async function measureDistances(block: VectorBlock, takeTurn: TakeTurn): Promise<DistanceMatrix> {
  const matrix = { distances: new Float64Array(block.count ** 2), count: block.count };
  for (let row = 0; row < block.count; row++) {
    await takeTurn();
    fillDistances(block, matrix, row);
  }
  return matrix;
}

/**
 * Clusters around medoids: greedy facility location, then swaps while any makes the sum of distances to the own medoid
 * less. Nothing is drawn at random. At most 10,000 points.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension]; with fewer points than clusters, as many clusters as points
 */
export async function facilityLocation(
  block: VectorBlock,
  { clusters, signal }: Omit<ClusteringOptions, 'seed'>,
): Promise<FacilityLocationResult> {
  const takeTurn = createTurns(signal);
  if (block.count === 0) return { assignment: new Int32Array(0), medoids: new Int32Array(0) };
  const matrix = await measureDistances(block, takeTurn);
  const medoids = await chooseMedoids(matrix, Math.min(clusters, block.count), takeTurn);
  await swapMedoids(matrix, medoids, takeTurn);
  return { assignment: assignToMedoids(matrix, medoids), medoids };
}
