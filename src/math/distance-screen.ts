import { createDotKernel, type DotKernel, groupSize, rowsAtOnce } from './dot-kernel.js';

/** Rows of a block of either precision. */
export interface PointSet {
  readonly data: Float32Array | Float64Array;
  readonly dimension: number;
  /** Rows of `data`, in the order in which they count. */
  readonly rows: ArrayLike<number>;
}

/** Near to the truth: distances² = norm + norms[j] − 2 · products[j], each off by less than `slack`. */
export interface Screened {
  /** Dot products with the points; valid until the next call: [points or a few more]. */
  readonly products: Float32Array;
  /** Squared length of the query. */
  readonly norm: number;
  /**
   * More than the error of the squared distance, and than what the order of squared distances summed up in doubles may
   * depend on rounding. Infinite or NaN where nothing is sure.
   */
  readonly slack: number;
}

/** Groups whose points fit the nearest cache beside what is asked of them. */
const slabBytes = 1 << 17;

const squaredNorm = (data: ArrayLike<number>, offset: number, dimension: number): number => {
  let sum = 0;
  for (let d = offset; d < offset + dimension; d++) sum += data[d] * data[d];
  return sum;
};

/**
 * Squared distances from queries to many points, quick and close: dot products in float32 and a bound on their error.
 * Whoever decides by them computes again in doubles what the bound leaves open, so that no decision depends on them.
 */
export class DistanceScreen {
  /** Squared lengths of the points: [points]. */
  readonly norms: Float64Array;
  private readonly kernel: DotKernel;
  /** Distance from one row of products to the next. */
  private readonly stride: number;
  private readonly queries: Float32Array;
  private readonly groups: Float32Array;
  private readonly products: Float32Array;
  private largestLength = 0;
  private groupsUsed = 0;

  /**
   * @param capacity points at most
   * @param atOnce queries at most, a multiple of 4
   */
  constructor(
    private readonly dimension: number,
    capacity: number,
    atOnce: number,
  ) {
    this.norms = new Float64Array(capacity);
    this.stride = Math.ceil(capacity / groupSize) * groupSize;
    const lengths = [atOnce * dimension, this.stride * dimension, atOnce * this.stride];
    this.kernel = createDotKernel(4 * (lengths[0] + lengths[1] + lengths[2]));
    const starts = [0, 4 * lengths[0], 4 * (lengths[0] + lengths[1])];
    [this.queries, this.groups, this.products] = starts.map(
      (start, i) => new Float32Array(this.kernel.buffer, start, lengths[i]),
    );
  }

  /** Takes these points instead of those before. */
  load({ data, dimension, rows }: PointSet): void {
    let largest = 0;
    this.groupsUsed = Math.ceil(rows.length / groupSize);
    for (let j = 0; j < rows.length; j++) {
      const offset = rows[j] * dimension;
      const target = (j - (j % groupSize)) * dimension + (j % groupSize);
      for (let d = 0; d < dimension; d++) this.groups[target + d * groupSize] = data[offset + d];
      this.norms[j] = squaredNorm(data, offset, dimension);
      // NaN goes through.
      largest = Math.max(largest, this.norms[j]);
    }
    this.largestLength = Math.sqrt(largest);
  }

  /** One query: the row of `query`. */
  ask(data: PointSet['data'], row: number): Screened {
    const { dimension, kernel } = this;
    const offset = row * dimension;
    for (let d = 0; d < dimension; d++) this.queries[d] = data[offset + d];
    const { byteOffset: points } = this.groups;
    if (this.groupsUsed > 0) {
      kernel.multiplyOne(0, points, this.products.byteOffset, this.groupsUsed, dimension, 4 * this.stride);
    }
    return this.answer(data, row, 0);
  }

  /** Some queries together, which is faster. @returns the answer to the i-th, not in need of more work */
  askTogether({ data, dimension, rows }: PointSet): (i: number) => Screened {
    for (let i = 0; i < rows.length; i++) {
      const target = (i - (i % rowsAtOnce)) * dimension + (i % rowsAtOnce);
      for (let d = 0; d < dimension; d++) {
        this.queries[target + d * rowsAtOnce] = data[rows[i] * dimension + d];
      }
    }
    const slab = Math.max(1, Math.floor(slabBytes / (4 * groupSize * dimension)));
    for (let start = 0; start < this.groupsUsed; start += slab) {
      const size = Math.min(slab, this.groupsUsed - start);
      for (let i = 0; i < rows.length; i += rowsAtOnce) {
        this.kernel.multiplyFour(
          4 * i * dimension,
          this.groups.byteOffset + 4 * start * groupSize * dimension,
          this.products.byteOffset + 4 * (i * this.stride + start * groupSize),
          ...([size, dimension, 4 * this.stride] as const),
        );
      }
    }
    return i => this.answer(data, rows[i], i);
  }

  private answer(data: PointSet['data'], row: number, slot: number): Screened {
    const { dimension, stride } = this;
    const norm = squaredNorm(data, row * dimension, dimension);
    const products = this.products.subarray(slot * stride, (slot + 1) * stride);
    return { products, norm, slack: this.slackOf(Math.sqrt(norm)) };
  }

  /**
   * |fl(x·y) − x·y| ≤ γ ‖x‖‖y‖ with γ = n·u / (1 − n·u) and u = 2⁻²⁴ for a float32 sum of n products in any order
   * (Higham 2002, eq. 3.5); some more of n for what is rounded to float32 first, the doubles' own rounding, numbers too
   * small to be normal, and nothing at all for those so large that a product may overflow.
   */
  private slackOf(length: number): number {
    const { dimension, largestLength } = this;
    const nu = (dimension + 8) * 2 ** -24;
    const reach = length + largestLength;
    if (!(reach < 1e18) || nu > 0.1) return Number.POSITIVE_INFINITY;
    const single = (2 * nu * length * largestLength) / (1 - nu);
    const double = (dimension + 8) * 2 ** -51 * reach * reach;
    return single + double + dimension * 1e-44 * (1 + reach);
  }
}

/** Queries asked together: enough to use the cache well, few enough that others need not wait for their turn. */
export const queriesAtOnce = (points: number, dimension: number): number => {
  const wanted = 2 ** 27 / (Math.max(1, points) * Math.max(1, dimension));
  return rowsAtOnce * Math.max(1, Math.min(16, Math.floor(wanted / rowsAtOnce)));
};
