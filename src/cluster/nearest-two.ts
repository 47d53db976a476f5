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

/** Two nearest medoids of each point, as positions in `medoids`, and how far they are: [count] each. */
export class NearestTwo {
  private readonly first: Int32Array;
  private readonly second: Int32Array;
  private readonly firstDistance: Float32Array;
  private readonly secondDistance: Float32Array;
  /** What the sum of distances would grow by without a medoid: [medoids]. */
  private readonly losses: Float64Array;
  private readonly changes: Float64Array;
  /** Of the medoids. */
  private readonly screen: DistanceScreen;
  private readonly atOnce: number;

  /** @param medoids two or more, in use and changed from here on */
  private constructor(
    private readonly distances: PointDistances,
    private readonly medoids: Int32Array,
  ) {
    const { count, block } = distances;
    [this.first, this.second] = [new Int32Array(count), new Int32Array(count)];
    [this.firstDistance, this.secondDistance] = [new Float32Array(count), new Float32Array(count)];
    [this.losses, this.changes] = [new Float64Array(medoids.length), new Float64Array(medoids.length)];
    this.atOnce = queriesAtOnce(medoids.length, block.dimension);
    this.screen = new DistanceScreen(block.dimension, medoids.length, this.atOnce);
  }

  static async create(
    distances: PointDistances,
    medoids: Int32Array,
    takeTurn: TakeTurn,
  ): Promise<NearestTwo> {
    const near = new NearestTwo(distances, medoids);
    await near.findAgain(
      Int32Array.from({ length: distances.count }, (_, i) => i),
      takeTurn,
    );
    near.countLosses();
    return near;
  }

  /** Sum of distances to the nearest medoid. */
  get cost(): number {
    return this.firstDistance.reduce((sum, distance) => sum + distance, 0);
  }

  /**
   * The best swap of a medoid for the candidate. A point that the candidate would not be among the two nearest of is
   * what the medoid's loss says; only the others are counted anew.
   */
  bestSwap({ points, distances }: Reach): Swap {
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
    let position = 0;
    for (let m = 1; m < changes.length; m++) if (changes[m] < changes[position]) position = m;
    return { change: changes[position] - gain, position };
  }

  /** Puts the point in the place of the medoid at `position`. */
  async replace(
    position: number,
    point: number,
    { rows, takeTurn }: { rows: DistanceRows; takeTurn: TakeTurn },
  ): Promise<void> {
    const { first, second, medoids } = this;
    const row = rows.rowOf(point);
    medoids[position] = point;
    const lost: number[] = [];
    for (let i = 0; i < first.length; i++) {
      if (first[i] === position || second[i] === position) lost.push(i);
      else this.consider(i, position, row[i]);
    }
    await this.findAgain(lost, takeTurn);
    this.countLosses();
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
        this.firstDistance[i] = Number.POSITIVE_INFINITY;
        this.secondDistance[i] = Number.POSITIVE_INFINITY;
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
      this.losses[this.first[i]] += this.secondDistance[i] - this.firstDistance[i];
    }
  }
}
