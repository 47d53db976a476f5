import { createTurns } from '../take-turns.js';
import { DistanceScreen, queriesAtOnce, type Screened } from './distance-screen.js';
import { groupGallery } from './group-gallery.js';
import { rowOf, squaredDistance, type VectorBlock } from './vectors.js';

/** Who is asked about, and who may be found; as rows of one block, so that a row in both is one and the same item. */
export interface RetrievalRows {
  readonly queries: ArrayLike<number>;
  /** Each row once. */
  readonly gallery: ArrayLike<number>;
}

/** Leave-one-out: all of `count` rows are asked about, and all are searched. */
export const everyRow = (count: number): RetrievalRows => {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return { queries: rows, gallery: rows };
};

/** Items of a query's class, nearest first, equally near ones by position: [relevant] each. */
interface Relevant {
  readonly positions: Int32Array;
  readonly distances: Float64Array;
}

/** How many of `distances`, ascending, are below `bound`. */
function countBelow(distances: Float64Array, bound: number): number {
  let low = 0;
  let high = distances.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (distances[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sortRelevant(positions: readonly number[], distanceTo: (position: number) => number): Relevant {
  const sorted = positions
    .map(position => ({ position, distance: distanceTo(position) }))
    .sort((a, b) => a.distance - b.distance || a.position - b.position);
  return {
    positions: Int32Array.from(sorted, ({ position }) => position),
    distances: Float64Array.from(sorted, ({ distance }) => distance),
  };
}

/** The nearest of the gallery so far, at equal distance the lower position. */
class Nearest {
  constructor(
    public position: number,
    public distance: number,
  ) {}

  offer(position: number, distance: number): void {
    if (distance > this.distance || (distance === this.distance && position > this.position)) return;
    this.position = position;
    this.distance = distance;
  }
}

/** What a query finds. */
export interface RankedQuery {
  /** Of the block. */
  readonly row: number;
  /** Of the items of its class, from 1, ascending: [relevant]. */
  readonly ranks: Int32Array;
  /** Row of the item at rank 1, of whatever class. */
  readonly nearest: number;
}

/** How many of the relevant ones come before the stranger at `position`. */
function countBefore({ positions, distances }: Relevant, distance: number, position: number): number {
  let count = countBelow(distances, distance);
  while (count < distances.length && distances[count] === distance && positions[count] < position) count++;
  return count;
}

/**
 * For each query that has a relevant item, one of its class other than itself, in the gallery: the ranks of all of them
 * among the gallery without the query, counted from 1, nearest first; equally near ones in the order of their
 * positions; and which is the nearest of all. Exact (decision 0008). One pass over the gallery a query: each one that is not
 * relevant moves those behind it back by one. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function visitRanks(
  block: VectorBlock,
  labels: ArrayLike<number>,
  options: RetrievalRows & {
    readonly signal?: AbortSignal | undefined;
    readonly visit: (query: RankedQuery) => void;
  },
): Promise<void> {
  const { queries, gallery, signal, visit } = options;
  const takeTurn = createTurns(signal);
  const { classOfRow, classOf, relevantTo, countRelevant } = groupGallery(labels, gallery);
  const asked = Array.from(queries).filter(row => countRelevant(row) > 0);
  const together = queriesAtOnce(gallery.length, block.dimension);
  const screen = new DistanceScreen(block.dimension, gallery.length, together);
  screen.load({ ...block, rows: gallery });

  /** In doubles, summed up in the order of the numbers: what decides. */
  const distanceTo = (row: number, position: number): number =>
    squaredDistance(rowOf(block, row), rowOf(block, gallery[position]));
  /**
   * Strangers that come just before the i-th of the relevant ones, or after all: [relevant + 1].
   * @param nearest of the relevant ones; of all when it returns
   */
  const countStrangers = (
    row: number,
    { relevant, nearest }: { readonly relevant: Relevant; readonly nearest: Nearest },
    { products, norm, slack }: Screened,
  ): Int32Array => {
    const { distances } = relevant;
    const own = classOfRow[row];
    const farthest = distances[distances.length - 1];
    const strangers = new Int32Array(distances.length + 1);
    for (let j = 0; j < classOf.length; j++) {
      const least = norm + screen.norms[j] - 2 * products[j] - slack;
      if (least > farthest || classOf[j] === own) continue;
      if (!(least > nearest.distance)) nearest.offer(j, distanceTo(row, j));
      let before = countBelow(distances, least);
      const isSure = distances[before] > least + 2 * slack;
      if (!isSure) before = countBefore(relevant, distanceTo(row, j), j);
      strangers[before]++;
    }
    return strangers;
  };

  for (let start = 0; start < asked.length; start += together) {
    const rows = asked.slice(start, start + together);
    const answerTo = screen.askTogether({ ...block, rows });
    for (const [i, row] of rows.entries()) {
      await takeTurn();
      const others = relevantTo(row);
      const relevant = sortRelevant(others, position => distanceTo(row, position));
      const nearest = new Nearest(relevant.positions[0], relevant.distances[0]);
      const strangers = countStrangers(row, { relevant, nearest }, answerTo(i));
      let passed = 0;
      const ranks = Int32Array.from(others, (_, rank) => {
        passed += strangers[rank];
        return rank + 1 + passed;
      });
      visit({ row, ranks, nearest: gallery[nearest.position] });
    }
  }
}
