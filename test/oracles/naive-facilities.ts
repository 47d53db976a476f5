import type { Facility, PointGroups } from '../../src/cluster/facility.js';
import type { DistanceMatrix } from '../../src/math/facility-location.js';

export interface NaiveProblem {
  readonly matrix: DistanceMatrix;
  readonly facilityCost: number;
  readonly groups: PointGroups;
}

/** Each point's distance to the nearest facility that may serve it, and what the facilities cost. */
export function naiveCost(
  { matrix: { distances, count }, facilityCost, groups }: NaiveProblem,
  facilities: readonly Facility[],
): number {
  let cost = facilities.length * facilityCost;
  for (let i = 0; i < count; i++) {
    const serving = facilities.filter(({ group }) => groups.held[i] === 0 || group === groups.memberOf[i]);
    cost += Math.min(...serving.map(({ point }) => distances[point * count + i]));
  }
  return cost;
}

/** Whether the groups allow these facilities. */
export const isAllowed = (
  { groups }: NaiveProblem,
  start: readonly Facility[],
  facilities: readonly Facility[],
): boolean =>
  facilities.length > 0 &&
  new Set(facilities.map(({ point }) => point)).size === facilities.length &&
  start.every(
    ({ group, pinned, point }) =>
      (group < 0 || facilities.some(facility => facility.group === group)) &&
      (!pinned || facilities.some(facility => facility.pinned && facility.point === point)),
  ) &&
  facilities.every(({ group, point }) =>
    group < 0 ? groups.held[point] === 0 : groups.memberOf[point] === group,
  );

/** Everything that one step leads to, allowed or not. */
export function stepsFrom({ matrix }: NaiveProblem, facilities: readonly Facility[]): Facility[][] {
  const points = Array.from({ length: matrix.count }, (_, i) => i);
  const without = facilities.map((_, position) => facilities.toSpliced(position, 1));
  const beside = points.map(point => [...facilities, { point, group: -1, pinned: false }]);
  const swapped = facilities.flatMap((facility, position) =>
    points.map(point => facilities.with(position, { ...facility, point })),
  );
  return [...without, ...beside, ...swapped];
}

/** The least cost of any facilities, where all points may go anywhere. */
export function leastCost(problem: NaiveProblem): number {
  const { count } = problem.matrix;
  let least = Number.POSITIVE_INFINITY;
  for (let chosen = 1; chosen < 2 ** count; chosen++) {
    const points = Array.from({ length: count }, (_, i) => i).filter(i => (chosen >> i) & 1);
    least = Math.min(
      least,
      naiveCost(
        problem,
        points.map(point => ({ point, group: -1, pinned: false })),
      ),
    );
  }
  return least;
}
