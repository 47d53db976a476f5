import type { RetrievalRows } from '../../src/math/relevant-ranks.js';
import type { VectorBlock } from '../../src/math/vectors.js';

export interface PlainQuery {
  readonly row: number;
  readonly ranks: number[];
  /** Row of the item at rank 1. */
  readonly nearest: number;
}

/** Ranks of each query's relevant items by every distance in doubles, one after the other; nothing is left out. */
export function plainRanks(block: VectorBlock, labels: ArrayLike<number>, rows: RetrievalRows): number[][] {
  return plainQueries(block, labels, rows).map(({ ranks }) => ranks);
}

/** The same with the nearest of all. */
export function plainQueries(
  { data, dimension }: VectorBlock,
  labels: ArrayLike<number>,
  { queries, gallery }: RetrievalRows,
): PlainQuery[] {
  const distances = new Float64Array(gallery.length);
  const isBefore = (a: number, b: number): boolean =>
    distances[a] < distances[b] || (distances[a] === distances[b] && a < b);
  return Array.from(queries).flatMap(query => {
    const relevant: number[] = [];
    for (let j = 0; j < gallery.length; j++) {
      let sum = 0;
      for (let d = 0; d < dimension; d++) {
        const difference = data[query * dimension + d] - data[gallery[j] * dimension + d];
        sum += difference * difference;
      }
      distances[j] = sum;
      if (labels[gallery[j]] === labels[query] && gallery[j] !== query) relevant.push(j);
    }
    if (relevant.length === 0) return [];
    relevant.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    const ranks = relevant.map((_, i) => i + 1);
    for (let j = 0; j < gallery.length; j++) {
      if (labels[gallery[j]] === labels[query]) continue;
      for (let i = relevant.length - 1; i >= 0 && isBefore(j, relevant[i]); i--) ranks[i]++;
    }
    const others = Array.from(gallery, (_, j) => j).filter(j => gallery[j] !== query);
    const nearest = gallery[others.reduce((best, j) => (isBefore(j, best) ? j : best))];
    return [{ row: query, ranks, nearest }];
  });
}
