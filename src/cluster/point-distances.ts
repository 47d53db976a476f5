import type { VectorBlock } from '../math/vectors.js';

/** Of a distance, at most, where it is taken from a float32 product. */
const greatestError = 1e-4;
/** Beyond these sums of squared lengths, products may overflow or lose what matters to underflow. */
const [leastSum, greatestSum] = [1e-30, 1e30];

/**
 * Euclidean distances of the points of a block, each a float32, always the same one for two points in either order and
 * whichever way their dot product was come by: sums of distances to which some ways and others contribute can then be
 * compared. Off by 10⁻⁴ of itself at most and a few 10⁻⁷ as a rule; equal points are 0 apart.
 */
export class PointDistances {
  readonly count: number;
  private readonly squaredLengths: Float64Array;
  /** A square less than this share of the sum of squared lengths is not to be had from a product. */
  private readonly unsureShare: number;

  constructor(readonly block: VectorBlock) {
    const { data, count, dimension } = block;
    this.count = count;
    this.squaredLengths = new Float64Array(count);
    for (let at = 0; at < count * dimension; at++) {
      this.squaredLengths[Math.floor(at / dimension)] += data[at] * data[at];
    }
    // |error of 2 x·y| ≤ 2 γ ‖x‖‖y‖ ≤ γ (‖x‖² + ‖y‖²), as in `DistanceScreen`; of a square root, half of it.
    this.unsureShare = ((dimension + 8) * 2 ** -24) / (2 * greatestError);
  }

  /** More than any two points are apart. */
  get farthest(): number {
    const longest = this.squaredLengths.reduce((most, squared) => Math.max(most, squared), 0);
    return Math.fround(Math.max(2 * Math.sqrt(longest) * (1 + 2 * greatestError), leastSum));
  }

  /** @param product of the two in float32, summed up by dimension, as the products of `DistanceScreen` are */
  between(i: number, j: number, product: number): number {
    const sum = this.squaredLengths[i] + this.squaredLengths[j];
    const squared = sum - 2 * product;
    const isSure = squared > this.unsureShare * sum && sum > leastSum && sum < greatestSum;
    return Math.fround(Math.sqrt(isSure ? squared : this.squaredDifference(i, j)));
  }

  /** Without a product at hand. */
  measure(i: number, j: number): number {
    const { data, dimension } = this.block;
    let product = Math.fround(0);
    for (let d = 0, a = i * dimension, b = j * dimension; d < dimension; d++) {
      product = Math.fround(product + Math.fround(data[a + d] * data[b + d]));
    }
    return this.between(i, j, product);
  }

  private squaredDifference(i: number, j: number): number {
    const { data, dimension } = this.block;
    let sum = 0;
    for (let d = 0, a = i * dimension, b = j * dimension; d < dimension; d++) {
      const difference = data[a + d] - data[b + d];
      sum += difference * difference;
    }
    return sum;
  }
}
