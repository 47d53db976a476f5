import { rowOf, squaredDistance, type VectorBlock } from './vectors.js';

export interface NearRow {
  readonly row: number;
  /** Euclidean. */
  readonly distance: number;
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
  const query = rowOf(block, row);
  const nearest: { row: number; squared: number }[] = [];
  let bound = Number.POSITIVE_INFINITY;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (candidate === row) continue;
    const squared = squaredDistance(query, rowOf(block, candidate));
    if (nearest.length === count && squared >= bound) continue;
    const place = nearest.findIndex(other => other.squared > squared);
    nearest.splice(place < 0 ? nearest.length : place, 0, { row: candidate, squared });
    if (nearest.length > count) nearest.pop();
    bound = nearest[nearest.length - 1].squared;
  }
  return nearest.map(({ row, squared }) => ({ row, distance: Math.sqrt(squared) }));
}
