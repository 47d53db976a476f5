import type { VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import type { FacilityOptions } from './clusterer.js';
import { DistanceRows } from './distance-rows.js';
import { type FacilityLocationResult, locateFacilities, noFacilities } from './facility-location.js';
import { NeighbourLists, type NeighbourTable } from './neighbour-lists.js';
import { PointDistances } from './point-distances.js';

/** 8 bytes each: 320 MB. */
export const mostPairs = 40_000_000;

/**
 * As `facilityLocation`, where looking at every pair of points would take too long. Candidates are looked at for the
 * points they reach in a graph of neighbours (`NeighbourLists`), not for all:
 * - Greedy minimises Σ_i min(c, min over the medoids that i reaches of D_ij), c the greatest distance listed. What a
 *   facility costs is compared with what is gained by that measure.
 * - Swaps then know the two nearest medoids of every point, listed or not, and overlook only what a candidate would gain
 *   or save with points that it does not reach. So each swap makes the true sum less, by what was counted or more.
 * - At the end every point goes to the nearest of all medoids.
 *
 * Nearly the sums of `facilityLocation` while the points that one reaches are about as many as those of a cluster or
 * more. Beside the points takes a copy of them, 320 MB of lists and some 200 bytes a point.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension]; with fewer points than clusters, as many clusters as points
 * @param table neighbours of each point of the block
 */
export async function graphFacilityLocation(
  block: VectorBlock,
  { table, ...options }: FacilityOptions & { readonly table: NeighbourTable },
): Promise<FacilityLocationResult> {
  const takeTurn = createTurns(options.signal);
  if (block.count === 0) return noFacilities();
  const distances = new PointDistances(block);
  const candidates = await NeighbourLists.create(distances, table, { mostPairs, takeTurn });
  const rows = new DistanceRows(distances);
  return locateFacilities(distances, { candidates, rows }, { ...options, takeTurn });
}
