import type { VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import { DistanceRows } from './distance-rows.js';
import type { Facility, PointGroups } from './facility.js';
import { mostPairs } from './graph-facility-location.js';
import { type ImprovedFacilities, improveFacilities } from './improve-facilities.js';
import { NeighbourLists, type NeighbourTable } from './neighbour-lists.js';
import { PointDistances } from './point-distances.js';

/**
 * Of what a facility costs: a step that gains less moves points for next to nothing, and who looks at them would rather find
 * them where they were.
 */
const leastShare = 1 / 20;

export interface ConsolidationOptions {
  readonly groups: PointGroups;
  readonly facilityCost: number;
  /** Neighbours of each point, where there are more than `mostCompared`. */
  readonly table?: NeighbourTable | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConsolidatedFacilities extends ImprovedFacilities {
  /** Σ of distances to the own facility as it was, and as it is. */
  readonly energy: { readonly before: number; readonly after: number };
}

/**
 * As `improveFacilities`, from where points are now. Of equally near facilities a point keeps the one it has, so that one
 * consolidation after another changes nothing.
 * @param block [count, dimension]; one point at least
 * @param assignment position in `start` of the facility that each point has: [count]
 */
export async function consolidateFacilities(
  block: VectorBlock,
  { start, assignment }: { readonly start: readonly Facility[]; readonly assignment: Int32Array },
  { groups, facilityCost, table, signal }: ConsolidationOptions,
): Promise<ConsolidatedFacilities> {
  const takeTurn = createTurns(signal);
  const distances = new PointDistances(block);
  const rows = new DistanceRows(distances);
  if (table === undefined) await rows.keepAll(takeTurn);
  const candidates =
    table === undefined ? rows : await NeighbourLists.create(distances, table, { mostPairs, takeTurn });
  const found = await improveFacilities(distances, start, {
    candidates,
    rows,
    groups,
    facilityCost,
    leastGain: leastShare * facilityCost,
    takeTurn,
  });
  const positionOf = new Map(found.facilities.map(({ point }, position) => [point, position]));
  const energy = { before: 0, after: 0 };
  for (let i = 0; i < block.count; i++) {
    const present = start[assignment[i]].point;
    const [was, is] = [
      distances.measure(i, present),
      distances.measure(i, found.facilities[found.assignment[i]].point),
    ];
    energy.before += was;
    energy.after += is;
    const position = positionOf.get(present);
    const isAllowed = groups.held[i] === 0 && !positionOf.has(i);
    if (position !== undefined && isAllowed && was === is) found.assignment[i] = position;
  }
  return { ...found, energy };
}
