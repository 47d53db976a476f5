import { DistanceScreen } from '../math/distance-screen.js';
import type { TakeTurn } from '../take-turns.js';
import type { Candidates, Reach } from './candidates.js';
import type { PointDistances } from './point-distances.js';

/** Rows made together, which is some three times as fast as one by one. */
const rowsTogether = 16;
/** Who skips no more than so many rows asks for one after another. */
const longestSkip = 4;

/**
 * The distances of one point to all, row after row: kept where that is asked for, else made again each time, ahead of
 * time where they are asked for in order.
 */
export class DistanceRows implements Candidates {
  readonly count: number;
  readonly farCost = Number.POSITIVE_INFINITY;
  private readonly points: Int32Array;
  private readonly screen: DistanceScreen;
  /** All rows, or some from `first` on. */
  private rows: Float32Array; // [rows, count]
  private first = 0;
  private made = 0;

  constructor(private readonly distances: PointDistances) {
    const { block, count } = distances;
    this.count = count;
    this.points = Int32Array.from({ length: count }, (_, i) => i);
    this.screen = new DistanceScreen(block.dimension, count, rowsTogether);
    this.screen.load({ ...block, rows: this.points });
    this.rows = new Float32Array(rowsTogether * count);
  }

  /**
   * Makes all rows, 4 · count² bytes of them.
   * @param onProgress told which part of them is made, 0..1
   */
  async keepAll(takeTurn: TakeTurn, onProgress?: (share: number) => void): Promise<void> {
    const { count } = this;
    this.rows = new Float32Array(count * count);
    this.made = 0;
    for (let row = 0; row < count; row += rowsTogether) {
      await takeTurn();
      onProgress?.(row / count);
      this.make(row, Math.min(count, row + rowsTogether), row);
    }
    this.made = count;
  }

  /** Distances of the point to all; valid until the next call: [count]. */
  rowOf(point: number): Float32Array {
    const { count, first, made } = this;
    const ahead = point - first - made;
    if (ahead >= 0 || point < first) {
      const wanted = ahead >= 0 && ahead < longestSkip ? rowsTogether : 1;
      this.made = Math.min(count - point, wanted);
      this.first = point;
      this.make(point, point + this.made, 0);
    }
    const start = (point - this.first) * count;
    return this.rows.subarray(start, start + count);
  }

  reachOf(candidate: number): Reach {
    return { points: this.points, distances: this.rowOf(candidate) };
  }

  /** The rows from `start` on, to where the row `slot` is in memory. */
  private make(start: number, end: number, slot: number): void {
    const { distances, count, screen, rows } = this;
    const { data, dimension } = distances.block;
    const fill = (row: number, products: Float32Array): void => {
      const offset = (slot + row - start) * count;
      for (let i = 0; i < count; i++) rows[offset + i] = distances.between(row, i, products[i]);
    };
    if (end - start === 1) {
      fill(start, screen.ask(data, start).products);
      return;
    }
    const answerTo = screen.askTogether({ data, dimension, rows: this.points.subarray(start, end) });
    for (let row = start; row < end; row++) fill(row, answerTo(row - start).products);
  }
}
