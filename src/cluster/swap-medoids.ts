import type { TakeTurn } from '../take-turns.js';
import type { Candidates } from './candidates.js';
import type { DistanceRows } from './distance-rows.js';
import { NearestTwo } from './nearest-two.js';
import type { PointDistances } from './point-distances.js';

const mostSweeps = 100;
/** Of the cost: less is rounding, and might be swapped to and fro. */
const leastGain = 1e-12;

/**
 * PAM's swaps, each as soon as it is found (FasterPAM; Schubert, Rousseeuw 2021): a point takes the place of the medoid
 * for which the sum of distances to the nearest medoid shrinks most, until no swap of any point with any medoid shrinks
 * it. What each medoid is worth is known beforehand, so a candidate costs the points it reaches, and one pass over them
 * tells what every swap with it would change.
 * @param candidates with those that do not reach all, a swap is thought to be worth less than it is, never more
 * @param medoids distinct points, changed in place
 */
export async function swapMedoids(
  distances: PointDistances,
  medoids: Int32Array,
  {
    candidates,
    rows,
    takeTurn,
  }: { readonly candidates: Candidates; readonly rows: DistanceRows; readonly takeTurn: TakeTurn },
): Promise<void> {
  const { count } = distances;
  // One medoid, or all points: greedy is the best there is.
  if (medoids.length < 2 || medoids.length === count) return;
  const near = await NearestTwo.create(distances, medoids, { takeTurn });
  const isMedoid = new Uint8Array(count);
  for (const medoid of medoids) isMedoid[medoid] = 1;
  let { cost } = near;
  for (let sweep = 0, quiet = 0; sweep < mostSweeps; sweep++) {
    for (let candidate = 0; candidate < count; candidate++) {
      if (quiet++ === count) return;
      if (isMedoid[candidate] === 1) continue;
      await takeTurn();
      const { change, position } = near.bestSwap(candidates.reachOf(candidate));
      if (!(change < -leastGain * cost)) continue;
      isMedoid[medoids[position]] = 0;
      isMedoid[candidate] = 1;
      await near.replace(position, candidate, { rows, takeTurn });
      cost += change;
      quiet = 0;
    }
  }
}
