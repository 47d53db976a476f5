import { DistanceScreen, queriesAtOnce } from '../math/distance-screen.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import { createNearestHeap } from '../vector-index/nearest-heap.js';

interface NearestDistancesRequest extends RetrievalRows {
  /** Neighbours wanted; all there are where there are fewer. */
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * @param i the query is the i-th of `queries`
   * @param squaredDistances to its neighbours, ascending: [count, or fewer]
   */
  readonly visit: (i: number, squaredDistances: readonly number[]) => void;
}

/**
 * How far away the nearest items of the gallery are from each query, itself left out by identity. Exact: what the
 * screened distances leave open is computed again in doubles (decision 0008). Other work has its turns meanwhile.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [rows, dimension]
 */
export async function visitNearestDistances(
  block: VectorBlock,
  { queries, gallery, count, signal, visit }: NearestDistancesRequest,
): Promise<void> {
  const takeTurn = createTurns(signal);
  const together = queriesAtOnce(gallery.length, block.dimension);
  const screen = new DistanceScreen(block.dimension, gallery.length, together);
  screen.load({ ...block, rows: gallery });
  const wanted = Math.min(count, gallery.length);
  const rows = Array.from(queries);
  for (let start = 0; start < rows.length; start += together) {
    const batch = rows.slice(start, start + together);
    const answerTo = screen.askTogether({ ...block, rows: batch });
    for (const [i, row] of batch.entries()) {
      await takeTurn();
      const { products, norm, slack } = answerTo(i);
      const query = rowOf(block, row);
      const heap = createNearestHeap(wanted);
      let bound = heap.bound();
      for (let j = 0; j < gallery.length; j++) {
        const least = norm + screen.norms[j] - 2 * products[j] - slack;
        if (least > bound || gallery[j] === row) continue;
        heap.offer({ id: j, distance: squaredDistance(query, rowOf(block, gallery[j])) });
        bound = heap.bound();
      }
      visit(
        start + i,
        heap.sorted().map(({ distance }) => distance),
      );
    }
  }
}
