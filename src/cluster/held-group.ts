import type { TakeTurn } from '../take-turns.js';
import type { PointDistances } from './point-distances.js';

/** Held points of one group, and the points of the facilities that may serve them, of which there is one at least. */
export interface HeldPair {
  readonly points: readonly number[];
  readonly facilities: readonly number[];
}

/** The two nearest facilities of each held point of a group: [points] each. */
interface NearestTwo {
  /** As positions in `facilities`. */
  readonly first: Int32Array;
  readonly firstDistance: Float32Array;
  /** Infinite where there is one facility only. */
  readonly secondDistance: Float32Array;
}

/** What the held points of a group cost with its facilities as they are, and would cost with others. */
export class HeldGroup {
  readonly cost: number;
  /** Position of each facility, by its point. */
  private readonly positionOf: ReadonlyMap<number, number>;
  private readonly losses: Float64Array; // [facilities]
  /** The point that was asked for last, and what would change if it took the place of each facility: [facilities]. */
  private weighed = -1;
  private readonly changes: Float64Array;

  constructor(
    private readonly distances: PointDistances,
    private readonly pair: HeldPair,
    private readonly near: NearestTwo,
  ) {
    const { first, firstDistance, secondDistance } = near;
    this.positionOf = new Map(pair.facilities.map((point, position) => [point, position]));
    this.losses = new Float64Array(pair.facilities.length);
    this.changes = new Float64Array(pair.facilities.length);
    for (let at = 0; at < first.length; at++) {
      this.losses[first[at]] += secondDistance[at] - firstDistance[at];
    }
    this.cost = firstDistance.reduce((sum, distance) => sum + distance, 0);
  }

  lossOf(facility: number): number {
    return this.losses[this.positionOf.get(facility) as number];
  }

  changeOf(facility: number, other: number): number {
    if (this.weighed !== other) this.weigh(other);
    return this.changes[this.positionOf.get(facility) as number];
  }

  visitNearest(visit: (point: number, facility: number) => void): void {
    const { points, facilities } = this.pair;
    for (const [at, point] of points.entries()) visit(point, facilities[this.near.first[at]]);
  }

  /** One pass tells what every swap with the point would change: only of its own facility is a point lost, too. */
  private weigh(other: number): void {
    const { distances, changes, near } = this;
    const { points } = this.pair;
    changes.fill(0);
    let gain = 0;
    for (let at = 0; at < points.length; at++) {
      const distance = distances.measure(points[at], other);
      const first = near.firstDistance[at];
      const gained = Math.max(0, first - distance);
      gain += gained;
      changes[near.first[at]] += Math.min(distance, near.secondDistance[at]) - first + gained;
    }
    for (let position = 0; position < changes.length; position++) changes[position] -= gain;
    this.weighed = other;
  }
}

/** Compares each of the points with each of the facilities. */
export async function nearestTwoIn(
  distances: PointDistances,
  pair: HeldPair,
  takeTurn: TakeTurn,
): Promise<HeldGroup> {
  const { points, facilities } = pair;
  const first = new Int32Array(points.length);
  const firstDistance = new Float32Array(points.length).fill(Number.POSITIVE_INFINITY);
  const secondDistance = new Float32Array(points.length).fill(Number.POSITIVE_INFINITY);
  for (const [at, point] of points.entries()) {
    await takeTurn();
    for (const [position, facility] of facilities.entries()) {
      const distance = distances.measure(point, facility);
      if (distance < firstDistance[at]) {
        secondDistance[at] = firstDistance[at];
        firstDistance[at] = distance;
        first[at] = position;
      } else if (distance < secondDistance[at]) secondDistance[at] = distance;
    }
  }
  return new HeldGroup(distances, pair, { first, firstDistance, secondDistance });
}
