import { DistanceScreen, queriesAtOnce, type Screened } from '../math/distance-screen.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import type { TakeTurn } from '../take-turns.js';

/**
 * Lloyd's algorithm from given centres, with the very assignments of comparing every point with every centre, but not
 * the work (decision 0008). After a step, most centres of many have not moved. A point whose own centre has come no
 * farther can be won over by none that stands still, so it is compared with those that moved; the rest with all.
 */
export class Lloyd {
  /** Cluster of each point: [count]. */
  readonly assignment: Int32Array;
  private readonly clusters: number;
  private readonly screen: DistanceScreen;
  private readonly atOnce: number;
  /** Squared distance to the own centre: [count]. */
  private readonly distances: Float64Array;

  /** @param centres [clusters, dimension], moved in place */
  constructor(
    private readonly block: VectorBlock,
    private readonly centres: Float64Array,
    private readonly takeTurn: TakeTurn,
  ) {
    const { count, dimension } = block;
    this.clusters = centres.length / dimension;
    this.assignment = new Int32Array(count);
    this.distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.atOnce = queriesAtOnce(this.clusters, dimension);
    this.screen = new DistanceScreen(dimension, this.clusters, this.atOnce);
  }

  /** Σ of squared distances to the own centre. */
  get inertia(): number {
    return this.distances.reduce((sum, distance) => sum + distance, 0);
  }

  /** Puts every point to its nearest centre, the first of equals. */
  async assignAll(): Promise<void> {
    await this.improve(range(this.block.count), range(this.clusters));
  }

  /** Moves centres to the means of their points, then points to their nearest centres. */
  async step(): Promise<void> {
    const isMoved = this.moveCentres();
    const near: number[] = [];
    const astray: number[] = [];
    for (let i = 0; i < this.block.count; i++) {
      if (isMoved[this.assignment[i]] === 0) {
        near.push(i);
        continue;
      }
      const distance = this.distanceTo(i, this.assignment[i]);
      (distance <= this.distances[i] ? near : astray).push(i);
      this.distances[i] = distance;
    }
    const all = range(this.clusters);
    await this.improve(
      near,
      all.filter(c => isMoved[c] === 1),
    );
    await this.improve(astray, all);
  }

  /** Moves these points to those of these centres that are nearer than their own, or as near and come first. */
  private async improve(points: readonly number[], centres: readonly number[]): Promise<void> {
    const { block, screen, atOnce } = this;
    if (centres.length === 0) return;
    screen.load({ data: this.centres, dimension: block.dimension, rows: centres });
    for (let start = 0; start < points.length; start += atOnce) {
      await this.takeTurn();
      const rows = points.slice(start, start + atOnce);
      const answerTo = screen.askTogether({ ...block, rows });
      for (const [slot, point] of rows.entries()) this.moveToNearest(point, centres, answerTo(slot));
    }
  }

  private moveToNearest(
    point: number,
    centres: readonly number[],
    { products, norm, slack }: Screened,
  ): void {
    const { norms } = this.screen;
    const reach = norm - slack;
    let best = this.distances[point];
    let own = this.assignment[point];
    for (let j = 0; j < centres.length; j++) {
      if (reach + norms[j] - 2 * products[j] > best) continue;
      const distance = this.distanceTo(point, centres[j]);
      if (distance < best || (distance === best && centres[j] < own)) {
        best = distance;
        own = centres[j];
      }
    }
    this.distances[point] = best;
    this.assignment[point] = own;
  }

  private distanceTo(point: number, centre: number): number {
    const { dimension } = this.block;
    const vector = this.centres.subarray(centre * dimension, (centre + 1) * dimension);
    return squaredDistance(rowOf(this.block, point), vector);
  }

  /** Centres to the means of their points; one without points stays. @returns 1 for those that moved: [clusters] */
  private moveCentres(): Uint8Array {
    const { assignment, centres, clusters } = this;
    const { data, count, dimension } = this.block;
    const sizes = new Int32Array(clusters);
    const sums = new Float64Array(centres.length);
    for (let i = 0; i < count; i++) {
      sizes[assignment[i]]++;
      for (let d = 0; d < dimension; d++) sums[assignment[i] * dimension + d] += data[i * dimension + d];
    }
    const isMoved = new Uint8Array(clusters);
    for (let c = 0; c < clusters; c++) {
      for (let k = c * dimension; k < (c + 1) * dimension && sizes[c] > 0; k++) {
        const mean = sums[k] / sizes[c];
        if (mean !== centres[k]) isMoved[c] = 1;
        centres[k] = mean;
      }
    }
    return isMoved;
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
