import { type GroupedGallery, groupGallery } from '../math/group-gallery.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import type { RetrievalOptions } from '../math/retrieval-metrics.js';
import { createRetrievalTally, type RetrievalMetrics } from '../math/retrieval-tally.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
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
  /** For the largest K; `exact` asks some queries together, the index one at a time. */
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
  readonly seconds: number;
}

/** Only the gallery, each known by its position. Other work has its turns meanwhile. */
async function buildIndex(
  block: VectorBlock,
  { gallery, create, signal }: Pick<ThroughIndexOptions, 'gallery' | 'create' | 'signal'>,
): Promise<{ index: VectorIndex; buildSeconds: number }> {
  const takeTurn = createTurns(signal);
  const started = performance.now();
  const index = create(block.dimension);
  for (let position = 0; position < gallery.length; position++) {
    await takeTurn();
    index.add([{ id: position, vector: rowOf(block, gallery[position]) }]);
  }
  return { index, buildSeconds: (performance.now() - started) / 1000 };
}

/**
 * Asks for one more where the query may find itself, and leaves it out. An index need not order equally near ones as the
 * exact ranks do, nor compute in doubles: what it found is ordered anew, by distance, then by position.
 */
function findNeighbours({ block, gallery, grouped, index }: Search, row: number, count: number): Neighbours {
  const query = rowOf(block, row);
  const own = grouped.positionOf[row];
  const started = performance.now();
  const hits = index.search(query, own < 0 ? count : count + 1);
  const seconds = (performance.now() - started) / 1000;
  const neighbours = hits
    .filter(({ id }) => id !== own)
    .map(({ id }) => ({ position: id, squared: squaredDistance(query, rowOf(block, gallery[id])) }))
    .sort((a, b) => a.squared - b.squared || a.position - b.position)
    .slice(0, count);
  return {
    positions: neighbours.map(({ position }) => position),
    squaredDistances: neighbours.map(({ squared }) => squared),
    seconds,
  };
}

/** Ranks, from 1, of the neighbours that are of the query's class. */
const relevantRanks = ({ classOf, classOfRow }: GroupedGallery, row: number, { positions }: Neighbours) =>
  positions.flatMap((position, i) => (classOf[position] === classOfRow[row] ? [i + 1] : []));

type ThroughIndexOptions = RetrievalOptions & RetrievalRows & IndexToMeasure;

/** Squared distances of the K-th nearest by query and K, of the last one where there are fewer: [queries, ks]. */
async function findFarthest(
  block: VectorBlock,
  { ks, ...request }: RetrievalOptions & RetrievalRows,
): Promise<{ farthest: Float64Array; seconds: number }> {
  const farthest = new Float64Array(request.queries.length * ks.length);
  const visit = (i: number, exact: readonly number[]): void => {
    for (const [n, k] of ks.entries()) farthest[i * ks.length + n] = exact[Math.min(k, exact.length) - 1];
  };
  const started = performance.now();
  await visitNearestDistances(block, { ...request, count: Math.max(...ks), visit });
  return { farthest, seconds: (performance.now() - started) / 1000 };
}

/** How many of the first k are no farther away than the k-th nearest is. */
const countNearest = (found: readonly number[], k: number, farthest: number): number =>
  found.slice(0, k).filter(squared => squared <= farthest).length;

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
  { ks, queries, gallery, signal, name, create }: ThroughIndexOptions,
): Promise<IndexQuality> {
  const grouped = groupGallery(labels, gallery);
  const asked = Array.from(queries).filter(row => grouped.countRelevant(row) > 0);
  const exact = await findFarthest(block, { ks, queries: asked, gallery, signal });
  const { index, buildSeconds } = await buildIndex(block, { gallery, create, signal });
  const search = { block, gallery, grouped, index };
  const takeTurn = createTurns(signal);
  const tally = createRetrievalTally(ks);
  const largest = Math.max(...ks);
  const shares = ks.map(() => 0);
  let seconds = 0;
  for (const [i, row] of asked.entries()) {
    await takeTurn();
    const relevant = grouped.countRelevant(row);
    const nearest = findNeighbours(search, row, largest);
    const widest = relevant > largest ? findNeighbours(search, row, relevant) : nearest;
    tally.countAtKs(relevantRanks(grouped, row, nearest));
    tally.countAtR(relevantRanks(grouped, row, widest), relevant);
    seconds += nearest.seconds;
    const others = gallery.length - (grouped.positionOf[row] < 0 ? 0 : 1);
    for (const [n, k] of ks.entries()) {
      const found = countNearest(nearest.squaredDistances, k, exact.farthest[i * ks.length + n]);
      shares[n] += found / Math.min(k, others);
    }
  }
  return {
    name,
    ...tally.metrics(queries.length),
    nearestFoundAt: Object.fromEntries(ks.map((k, n) => [k, shares[n] / Math.max(1, asked.length)])),
    buildSeconds,
    queriesPerSecond: { exact: asked.length / exact.seconds, index: asked.length / seconds },
  };
}
