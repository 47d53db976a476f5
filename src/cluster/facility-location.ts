import type { VectorBlock } from '../math/vectors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import { assignToNearest } from './assign-to-nearest.js';
import type { Candidates } from './candidates.js';
import { chooseCount } from './choose-count.js';
import type { FacilityOptions } from './clusterer.js';
import { DistanceRows } from './distance-rows.js';
import { chooseMedoids } from './greedy-medoids.js';
import { measureMedoids } from './measure-medoids.js';
import { PointDistances } from './point-distances.js';
import { swapMedoids } from './swap-medoids.js';

/** Every pair of items is looked at several times: minutes. */
export const mostFacilityItems = 30_000;
/**
 * With so many or fewer, all distances are kept, 4 bytes each: 900 MB. With more they are computed each time, or a table of
 * near neighbours, which is quick, says which.
 */
export const mostCompared = 15_000;

export interface LocatingOptions extends FacilityOptions {
  readonly takeTurn: TakeTurn;
}

export interface FacilityLocationResult {
  /** Cluster of each point, as a position in `medoids`: [count]. */
  readonly assignment: Int32Array;
  /** Points that stand for their clusters: [clusters]. */
  readonly medoids: Int32Array;
}

/** Where the number is chosen, the most that there may be: more take long, and few look at more. */
const mostChosen = 1000;

/** Of so many points. */
const mostClustersOf = (count: number): number => Math.max(2, Math.min(Math.ceil(count / 2), mostChosen));

/**
 * Greedy, then swaps, then every point to its nearest medoid. The first k medoids of greedy are those it would choose if
 * k were wanted, so one run tells what every number of clusters is worth (`chooseCount`), before swaps.
 * @param sources `rows` tell how far a point is from all
 */
export async function locateFacilities(
  distances: PointDistances,
  { candidates, rows }: { readonly candidates: Candidates; readonly rows: DistanceRows },
  { clusters, mostClusters, facilityCost, onProgress, takeTurn }: LocatingOptions,
): Promise<FacilityLocationResult> {
  const { block, count } = distances;
  const most = typeof clusters === 'number' ? clusters : (mostClusters ?? mostClustersOf(count));
  const wanted = { clusters: Math.min(most, count), facilityCost, onProgress };
  let medoids = await chooseMedoids(candidates, wanted, takeTurn);
  if (typeof clusters !== 'number') {
    medoids = medoids.slice(0, chooseCount(await measureMedoids(medoids, { rows, takeTurn }), clusters));
  }
  await swapMedoids(distances, medoids, { candidates, rows, takeTurn });
  return { assignment: await assignToNearest(block, medoids, takeTurn), medoids };
}

/** Of no points. */
export const noFacilities = (): FacilityLocationResult => ({
  assignment: new Int32Array(0),
  medoids: new Int32Array(0),
});

/**
 * Clusters around medoids: greedy facility location, then swaps while any makes the sum of distances to the own medoid
 * less. Nothing is drawn at random. Takes 1 GB at most beside the points.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension]; with fewer points than clusters, as many clusters as points
 */
export async function facilityLocation(
  block: VectorBlock,
  options: FacilityOptions,
): Promise<FacilityLocationResult> {
  const takeTurn = createTurns(options.signal);
  if (block.count === 0) return noFacilities();
  const distances = new PointDistances(block);
  const rows = new DistanceRows(distances);
  const { onProgress } = options;
  if (block.count <= mostCompared) await rows.keepAll(takeTurn, share => onProgress?.(share / 2));
  const chosen = (share: number): void => onProgress?.((1 + share) / 2);
  return locateFacilities(
    distances,
    { candidates: rows, rows },
    { ...options, onProgress: chosen, takeTurn },
  );
}
