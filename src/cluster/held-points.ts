import type { Facility, PointGroups } from './facility.js';
import type { PointDistances } from './point-distances.js';

/** Points that only the facilities of their group may serve. */
export class HeldPoints {
  /** By group. */
  private readonly pointsOf = new Map<number, number[]>();

  constructor(
    private readonly distances: PointDistances,
    { memberOf, held }: PointGroups,
  ) {
    for (let i = 0; i < held.length; i++) {
      if (held[i] === 0) continue;
      const points = this.pointsOf.get(memberOf[i]) ?? [];
      if (points.length === 0) this.pointsOf.set(memberOf[i], points);
      points.push(i);
    }
  }

  /** Of all groups. */
  costOf(facilities: readonly Facility[]): number {
    return [...this.pointsOf.keys()].reduce((sum, group) => sum + this.costOfGroup(group, facilities), 0);
  }

  /** What the sum of distances would grow by if another point took the place of a facility; or none, unless given. */
  changeOf(facilities: readonly Facility[], position: number, point?: number): number {
    const { group } = facilities[position];
    if (!this.pointsOf.has(group)) return 0;
    const changed =
      point === undefined
        ? facilities.toSpliced(position, 1)
        : facilities.with(position, { ...facilities[position], point });
    return this.costOfGroup(group, changed) - this.costOfGroup(group, facilities);
  }

  /** The position of the nearest facility of a point's group. */
  nearestOf(point: number, group: number, facilities: readonly Facility[]): number {
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    for (const [position, facility] of facilities.entries()) {
      if (facility.group !== group) continue;
      const distance = this.distances.measure(point, facility.point);
      if (distance < least) [nearest, least] = [position, distance];
    }
    return nearest;
  }

  private costOfGroup(group: number, facilities: readonly Facility[]): number {
    const own = facilities.filter(facility => facility.group === group);
    let sum = 0;
    for (const i of this.pointsOf.get(group) ?? []) {
      let least = Number.POSITIVE_INFINITY;
      for (const { point } of own) least = Math.min(least, this.distances.measure(i, point));
      sum += least;
    }
    return sum;
  }
}
