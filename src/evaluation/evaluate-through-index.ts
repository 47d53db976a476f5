import { type GroupedGallery, groupGallery } from '../math/group-gallery.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import type { RetrievalOptions } from '../math/retrieval-metrics.js';
import { createRetrievalTally, type RetrievalMetrics } from '../math/retrieval-tally.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import { ExactIndex } from '../vector-index/exact.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import { fillIndex, measureSpeed } from './index-speed.js';
import { visitNearestDistances } from './nearest-distances.js';

export interface IndexToMeasure {
  readonly name: string;
  readonly create: (dimension: number) => VectorIndex;
}

/** The retrieval metrics of the neighbours that an index finds. */
export interface IndexQuality extends RetrievalMetrics {
  readonly name: string;
  /**
   * Recall of the index by K: mean over queries of the share of the K nearest that it found. One that it answers with
   * counts as found if it is not farther away than the K-th nearest, so of equally near ones any will do.
   */
  readonly nearestFoundAt: Record<number, number>;
  readonly buildSeconds: number;
  /** Of some queries, asked for the largest K one at a time; `exact` compares with every vector. */
  readonly queriesPerSecond: { readonly exact: number; readonly index: number };
}

interface Search {
  readonly block: VectorBlock;
  readonly gallery: ArrayLike<number>;
  readonly grouped: GroupedGallery;
  readonly index: VectorIndex;
}

interface Neighbours {
  readonly positions: readonly number[];
  /** Ascending, in doubles. */
  readonly squaredDistances: readonly number[];
}

/**
 * Asks for one more where the query may find itself, and leaves it out. An index need not order equally near ones as the
 * exact ranks do, nor compute in doubles: what it found is ordered anew, by distance, then by position.
 */
function findNeighbours({ block, gallery, grouped, index }: Search, row: number, count: number): Neighbours {
  const query = rowOf(block, row);
  const own = grouped.positionOf[row];
  const neighbours = index
    .search(query, own < 0 ? count : count + 1)
    .filter(({ id }) => id !== own)
    .map(({ id }) => ({ position: id, squared: squaredDistance(query, rowOf(block, gallery[id])) }))
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

/** How many of the first k are no farther away than the k-th nearest is. */
const countNearest = (found: readonly number[], k: number, farthest: number): number =>
  found.slice(0, k).filter(squared => squared <= farthest).length;

/** Searches for every query in turn. @param farthest of `findFarthest` */
async function tallyNeighbours(
  search: Search,
  {
    ks,
    queries,
    farthest,
    signal,
  }: RetrievalOptions & { queries: readonly number[]; farthest: Float64Array },
) {
  const { grouped, gallery } = search;
  const takeTurn = createTurns(signal);
  const tally = createRetrievalTally(ks);
  const largest = Math.max(...ks);
  const shares = ks.map(() => 0);
  for (const [i, row] of queries.entries()) {
    await takeTurn();
    const relevant = grouped.countRelevant(row);
    const nearest = findNeighbours(search, row, largest);
    const widest = relevant > largest ? findNeighbours(search, row, relevant) : nearest;
    tally.countAtKs(relevantRanks(grouped, row, nearest));
    tally.countAtR(relevantRanks(grouped, row, widest), relevant);
    const others = gallery.length - (grouped.positionOf[row] < 0 ? 0 : 1);
    for (const [n, k] of ks.entries()) {
      const found = countNearest(nearest.squaredDistances, k, farthest[i * ks.length + n]);
      shares[n] += found / Math.min(k, others);
    }
  }
  const nearestFoundAt: Record<number, number> = Object.fromEntries(
    ks.map((k, n) => [k, shares[n] / Math.max(1, queries.length)]),
  );
  return { tally, nearestFoundAt };
}

/**
 * As `evaluateQueries`, but of the neighbours that an index of the gallery finds; and how many of the nearest it finds.
 * Recall@K and Precision@K are of one search for the largest K. Where a query's R is larger, R-precision and MAP@R are of
 * a second search, for R, so that it does not make the first one wider. Other work has its turns meanwhile.
 * @throws MedoidError `invalid-vector` when a vector is not of unit length; `interrupted`
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function evaluateThroughIndex(
  block: VectorBlock,
  labels: ArrayLike<number>,
  { ks, queries, gallery, signal, name, create }: RetrievalOptions & RetrievalRows & IndexToMeasure,
): Promise<IndexQuality> {
  const grouped = groupGallery(labels, gallery);
  const asked = Array.from(queries).filter(row => grouped.countRelevant(row) > 0);
  const farthest = await findFarthest(block, { ks, queries: asked, gallery, signal });

  const [index, exact] = [create(block.dimension), new ExactIndex(block.dimension)];
  const buildSeconds = await fillIndex(index, block, { rows: gallery, signal });
  await fillIndex(exact, block, { rows: gallery, signal });
  const search = { block, gallery, grouped, index };
  const { tally, nearestFoundAt } = await tallyNeighbours(search, { ks, queries: asked, farthest, signal });

  const timed = { rows: asked, count: Math.max(...ks), signal };
  return {
    name,
    ...tally.metrics(queries.length),
    nearestFoundAt,
    buildSeconds,
    queriesPerSecond: {
      exact: await measureSpeed(exact, block, timed),
      index: await measureSpeed(index, block, timed),
    },
  };
}
