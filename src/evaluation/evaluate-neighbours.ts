import { type GroupedGallery, groupGallery } from '../math/group-gallery.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import type { RetrievalOptions } from '../math/retrieval-metrics.js';
import { createRetrievalTally, type RetrievalMetrics } from '../math/retrieval-tally.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import { createFoundTally } from './found-tally.js';
import { visitNearestDistances } from './nearest-distances.js';

/** The retrieval metrics of the neighbours that some search finds. */
export interface NeighbourQuality extends RetrievalMetrics {
  /**
   * Recall of the search itself by K: mean over queries of the share of the K nearest that it found. One that it answers
   * with counts as found if it is not farther away than the K-th nearest, so of equally near ones any will do.
   */
  readonly nearestFoundAt: Record<number, number>;
}

export interface NeighbourRequest extends RetrievalOptions, RetrievalRows {
  /**
   * Positions in the gallery of the nearest of a row, in the order in which they are found; the first `count` but the
   * row itself count.
   * @param own position of the row in the gallery; −1 where it is not there
   */
  readonly find: (row: number, count: number, own: number) => readonly number[];
}

interface Neighbours {
  readonly positions: readonly number[];
  /** Ascending, in doubles. */
  readonly squaredDistances: readonly number[];
}

interface Search extends Pick<NeighbourRequest, 'find' | 'gallery'> {
  readonly block: VectorBlock;
  readonly grouped: GroupedGallery;
}

/**
 * A search need not order equally near ones as the exact ranks do, nor compute in doubles: what it found is ordered anew,
 * by distance, then by position.
 */
function findNeighbours({ block, gallery, grouped, find }: Search, row: number, count: number): Neighbours {
  const own = grouped.positionOf[row];
  const neighbours = find(row, count, own)
    .filter(position => position !== own)
    .slice(0, count)
    .map(position => ({
      position,
      squared: squaredDistance(rowOf(block, row), rowOf(block, gallery[position])),
    }))
    .sort((a, b) => a.squared - b.squared || a.position - b.position);
  return {
    positions: neighbours.map(({ position }) => position),
    squaredDistances: neighbours.map(({ squared }) => squared),
  };
}

/** Ranks, from 1, of the neighbours that are of the query's class. */
const relevantRanks = ({ classOf, classOfRow }: GroupedGallery, row: number, { positions }: Neighbours) =>
  positions.flatMap((position, i) => (classOf[position] === classOfRow[row] ? [i + 1] : []));

/** Squared distances of the K-th nearest by query and K, of the last one where there are fewer: [queries, ks]. */
async function findFarthest(
  block: VectorBlock,
  { ks, ...request }: RetrievalOptions & RetrievalRows,
): Promise<Float64Array> {
  const farthest = new Float64Array(request.queries.length * ks.length);
  const visit = (i: number, exact: readonly number[]): void => {
    for (const [n, k] of ks.entries()) farthest[i * ks.length + n] = exact[Math.min(k, exact.length) - 1];
  };
  await visitNearestDistances(block, { ...request, count: Math.max(...ks), visit });
  return farthest;
}

/** Queries that something can be found by. */
export function askedRows(labels: ArrayLike<number>, { queries, gallery }: RetrievalRows): number[] {
  const { countRelevant } = groupGallery(labels, gallery);
  return Array.from(queries).filter(row => countRelevant(row) > 0);
}

/**
 * As `evaluateQueries`, but of the neighbours that a search finds; and how many of the nearest it finds. Recall@K and
 * Precision@K are of one search for the largest K. Where a query's R is larger, R-precision and MAP@R are of a second
 * search, for R, so that it does not make the first one wider. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function evaluateNeighbours(
  block: VectorBlock,
  labels: ArrayLike<number>,
  { ks, queries, gallery, signal, find }: NeighbourRequest,
): Promise<NeighbourQuality> {
  const grouped = groupGallery(labels, gallery);
  const asked = askedRows(labels, { queries, gallery });
  const farthest = await findFarthest(block, { ks, queries: asked, gallery, signal });
  const search = { block, gallery, grouped, find };
  const takeTurn = createTurns(signal);
  const [tally, found] = [createRetrievalTally(ks), createFoundTally(ks)];
  const largest = Math.max(...ks);
  for (const [i, row] of asked.entries()) {
    await takeTurn();
    const relevant = grouped.countRelevant(row);
    const nearest = findNeighbours(search, row, largest);
    const widest = relevant > largest ? findNeighbours(search, row, relevant) : nearest;
    tally.countAtKs(relevantRanks(grouped, row, nearest));
    tally.countAtR(relevantRanks(grouped, row, widest), relevant);
    found.count(nearest.squaredDistances, {
      farthest: farthest.subarray(i * ks.length, (i + 1) * ks.length),
      others: gallery.length - (grouped.positionOf[row] < 0 ? 0 : 1),
    });
  }
  return { ...tally.metrics(queries.length), nearestFoundAt: found.shares() };
}
