import type { TakeTurn } from '../take-turns.js';
import type { Facility, PointGroups } from './facility.js';
import { type HeldGroup, nearestTwoIn } from './held-group.js';
import type { PointDistances } from './point-distances.js';

/** Points that only the facilities of their group may serve. */
export class HeldPoints {
  /** By group. */
  private readonly pointsOf = new Map<number, number[]>();
  /** What is known of each group as its facilities are now. */
  private readonly groups = new Map<number, HeldGroup>();

  private constructor(
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

  static async create(
    distances: PointDistances,
    groups: PointGroups,
    { facilities, takeTurn }: { readonly facilities: readonly Facility[]; readonly takeTurn: TakeTurn },
  ): Promise<HeldPoints> {
    const points = new HeldPoints(distances, groups);
    for (const group of points.pointsOf.keys()) await points.follow(group, facilities, takeTurn);
    return points;
  }

  /** After facilities of a group have changed. */
  async follow(group: number, facilities: readonly Facility[], takeTurn: TakeTurn): Promise<void> {
    const points = this.pointsOf.get(group);
    if (points === undefined) return;
    const own = facilities.filter(facility => facility.group === group).map(({ point }) => point);
    this.groups.set(group, await nearestTwoIn(this.distances, { points, facilities: own }, takeTurn));
  }

  /** Of all groups. */
  get cost(): number {
    return [...this.groups.values()].reduce((sum, { cost }) => sum + cost, 0);
  }

  /** What the sum of distances would grow by without a facility, of whose group there is another. */
  lossOf({ group, point }: Facility): number {
    return this.groups.get(group)?.lossOf(point) ?? 0;
  }

  /** What the sum of distances would grow by if another point took the place of a facility. */
  changeOf({ group, point }: Facility, other: number): number {
    return this.groups.get(group)?.changeOf(point, other) ?? 0;
  }

  /** Calls `visit` with each point and the point of the facility that is nearest to it, of those that may serve it. */
  visitNearest(visit: (point: number, facility: number) => void): void {
    for (const group of this.groups.values()) group.visitNearest(visit);
  }
}
