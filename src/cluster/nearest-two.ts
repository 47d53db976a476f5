import { DistanceScreen, queriesAtOnce } from '../math/distance-screen.js';
import type { TakeTurn } from '../take-turns.js';
import type { Reach } from './candidates.js';
import type { DistanceRows } from './distance-rows.js';
import type { PointDistances } from './point-distances.js';

/** What a swap would do. */
export interface Swap {
  /** Of the sum of distances to the nearest medoid; less than 0 is better. */
  readonly change: number;
  /** Of the medoid that would go, in `medoids`. */
  readonly position: number;
}

/** Points that may stand for clusters, by their positions: a fixed number of them, or as many as come and go. */
type Medoids = Int32Array | number[];

interface Change {
  readonly rows: DistanceRows;
  readonly takeTurn: TakeTurn;
}

const spare = 64;

/** Two nearest medoids of each point, as positions in `medoids`, and how far they are: [count] each. */
export class NearestTwo {
  /** The nearest one; of the points left out, nothing that counts. */
  readonly first: Int32Array;
  private readonly second: Int32Array;
  private readonly firstDistance: Float32Array;
  private readonly secondDistance: Float32Array;
  /** What the sum of distances would grow by without a medoid: [medoids, or some more]. */
  losses = new Float64Array(0);
  /** What `weigh` has found: [medoids, or some more]. */
  changes = new Float64Array(0);
  /** Of the medoids. */
  private screen: DistanceScreen;
  private atOnce = 0;
  /** Of the second nearest, where there is one medoid only. */
  private readonly far: number;

  /**
   * @param medoids one or more, in use and changed from here on
   * @param leftOut 1 for points that do not count: [count]
   */
  private constructor(
    private readonly distances: PointDistances,
    private readonly medoids: Medoids,
    private readonly leftOut: Uint8Array,
  ) {
    const { count } = distances;
    this.far = distances.farthest;
    [this.first, this.second] = [new Int32Array(count), new Int32Array(count)];
    [this.firstDistance, this.secondDistance] = [new Float32Array(count), new Float32Array(count)];
    this.screen = this.makeRoom(medoids.length);
  }

  static async create(
    distances: PointDistances,
    medoids: Medoids,
    { takeTurn, leftOut }: { readonly takeTurn: TakeTurn; readonly leftOut?: Uint8Array },
  ): Promise<NearestTwo> {
    const near = new NearestTwo(distances, medoids, leftOut ?? new Uint8Array(distances.count));
    await near.findAgain(
      Array.from({ length: distances.count }, (_, i) => i).filter(i => leftOut?.[i] !== 1),
      takeTurn,
    );
    near.countLosses();
    return near;
  }

  /** For so many medoids. */
  private makeRoom(capacity: number): DistanceScreen {
    const { dimension } = this.distances.block;
    [this.losses, this.changes] = [new Float64Array(capacity), new Float64Array(capacity)];
    this.atOnce = queriesAtOnce(capacity, dimension);
    this.screen = new DistanceScreen(dimension, capacity, this.atOnce);
    return this.screen;
  }

  /** Sum of distances to the nearest medoid. */
  get cost(): number {
    return this.firstDistance.reduce((sum, distance) => sum + distance, 0);
  }

  /** The best swap of a medoid for the candidate. */
  bestSwap(reach: Reach): Swap {
    const gain = this.weigh(reach);
    const { changes, medoids } = this;
    let position = 0;
    for (let m = 1; m < medoids.length; m++) if (changes[m] < changes[position]) position = m;
    return { change: changes[position] - gain, position };
  }

  /**
   * What the candidate would gain beside all medoids. What the sum would grow by if it took the place of one, but for that
   * gain, is in `changes`: a point that it would not be among the two nearest of is what the medoid's loss says; only the
   * others are counted anew.
   */
  weigh({ points, distances }: Reach): number {
    const { first, firstDistance, secondDistance, losses, changes } = this;
    changes.set(losses);
    let gain = 0;
    for (let at = 0; at < points.length; at++) {
      const i = points[at];
      const distance = distances[at];
      if (distance >= secondDistance[i]) continue;
      if (distance < firstDistance[i]) {
        gain += firstDistance[i] - distance;
        changes[first[i]] -= secondDistance[i] - firstDistance[i];
      } else {
        changes[first[i]] -= secondDistance[i] - distance;
      }
    }
    return gain;
  }

  /** Puts the point in the place of the medoid at `position`. */
  async replace(position: number, point: number, { rows, takeTurn }: Change): Promise<void> {
    const { first, second, medoids, leftOut } = this;
    const row = rows.rowOf(point);
    medoids[position] = point;
    const lost: number[] = [];
    for (let i = 0; i < first.length; i++) {
      if (leftOut[i] === 1) continue;
      if (first[i] === position || second[i] === position) lost.push(i);
      else this.consider(i, position, row[i]);
    }
    await this.findAgain(lost, takeTurn);
    this.countLosses();
  }

  /** Puts the point after the last medoid. */
  add(point: number, rows: DistanceRows): void {
    const { first, leftOut } = this;
    const medoids = this.growing();
    const row = rows.rowOf(point);
    if (medoids.push(point) > this.losses.length) this.makeRoom(medoids.length + spare);
    for (let i = 0; i < first.length; i++) {
      if (leftOut[i] === 0) this.consider(i, medoids.length - 1, row[i]);
    }
    this.countLosses();
  }

  /** Takes the medoid away, of which there is another; the last one comes to its position. */
  async remove(position: number, takeTurn: TakeTurn): Promise<void> {
    const { first, second, leftOut } = this;
    const medoids = this.growing();
    const last = medoids.length - 1;
    medoids[position] = medoids[last];
    medoids.pop();
    const lost: number[] = [];
    for (let i = 0; i < first.length; i++) {
      if (leftOut[i] === 1) continue;
      if (first[i] === position || second[i] === position) lost.push(i);
      else if (first[i] === last) first[i] = position;
      else if (second[i] === last) second[i] = position;
    }
    await this.findAgain(lost, takeTurn);
    this.countLosses();
  }

  private growing(): number[] {
    if (Array.isArray(this.medoids)) return this.medoids;
    throw new TypeError('expected medoids that may come and go');
  }

  private async findAgain(points: ArrayLike<number>, takeTurn: TakeTurn): Promise<void> {
    const { medoids, screen, atOnce, distances } = this;
    const { data, dimension } = distances.block;
    screen.load({ data, dimension, rows: medoids });
    for (let start = 0; start < points.length; start += atOnce) {
      await takeTurn();
      const size = Math.min(atOnce, points.length - start);
      const rows = Int32Array.from({ length: size }, (_, slot) => points[start + slot]);
      const answerTo = screen.askTogether({ data, dimension, rows });
      for (let slot = 0; slot < size; slot++) {
        const i = rows[slot];
        const { products } = answerTo(slot);
        this.firstDistance[i] = this.far;
        this.secondDistance[i] = this.far;
        for (let m = 0; m < medoids.length; m++) {
          this.consider(i, m, distances.between(i, medoids[m], products[m]));
        }
      }
    }
  }

  private consider(i: number, position: number, distance: number): void {
    if (distance < this.firstDistance[i]) {
      this.second[i] = this.first[i];
      this.secondDistance[i] = this.firstDistance[i];
      this.first[i] = position;
      this.firstDistance[i] = distance;
    } else if (distance < this.secondDistance[i]) {
      this.second[i] = position;
      this.secondDistance[i] = distance;
    }
  }

  private countLosses(): void {
    this.losses.fill(0);
    for (let i = 0; i < this.first.length; i++) {
      // Of a point left out both are 0.
      this.losses[this.first[i]] += this.secondDistance[i] - this.firstDistance[i];
    }
  }
}
