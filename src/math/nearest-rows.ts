import type { VectorBlock } from './vectors.js';

export interface NearRow {
  readonly row: number;
  /** Euclidean. */
  readonly distance: number;
}

function squaredBetween({ data, dimension }: VectorBlock, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < dimension; d++) {
    const difference = data[a * dimension + d] - data[b * dimension + d];
    sum += difference * difference;
  }
  return sum;
}

/**
 * The `count` rows of a block nearest to one of its rows, which itself is left out; nearest first, equally near ones in
 * the order of the candidates. Plain and exact, for a few neighbours of a few rows.
 * @param candidates rows that may be found
 */
export function nearestRows(
  block: VectorBlock,
  row: number,
  { candidates, count }: { readonly candidates: ArrayLike<number>; readonly count: number },
): NearRow[] {
  const nearest: { row: number; squared: number }[] = [];
  let bound = Number.POSITIVE_INFINITY;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (candidate === row) continue;
    const squared = squaredBetween(block, row, candidate);
    if (nearest.length === count && squared >= bound) continue;
    const place = nearest.findIndex(other => other.squared > squared);
    nearest.splice(place < 0 ? nearest.length : place, 0, { row: candidate, squared });
    if (nearest.length > count) nearest.pop();
    bound = nearest[nearest.length - 1].squared;
  }
  return nearest.map(({ row, squared }) => ({ row, distance: Math.sqrt(squared) }));
}
