import { createNearestHeap } from './nearest-heap.js';
import type { Hit } from './vector-index.js';

/** Dimensions added up between two looks at the bound. */
const stretch = 16;
/** More than rounding can make of a bound that is squared. */
const slack = 1 + 2 ** -50;

/**
 * Squared distance of the row that begins at `offset`, given up once it exceeds `limit`: then some number above
 * `limit`. In four sums, so that no addition waits for the one before.
 */
function createRowDistance(query: Float32Array, block: Float32Array) {
  const dimension = query.length;
  const whole = dimension - (dimension % stretch);
  return (offset: number, limit: number): number => {
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    let d = 0;
    while (d < whole) {
      for (const end = d + stretch; d < end; d += 4) {
        const first = query[d] - block[offset + d];
        const second = query[d + 1] - block[offset + d + 1];
        const third = query[d + 2] - block[offset + d + 2];
        const fourth = query[d + 3] - block[offset + d + 3];
        a += first * first;
        b += second * second;
        c += third * third;
        e += fourth * fourth;
      }
      const sum = a + b + c + e;
      if (sum > limit) return sum;
    }
    for (; d < dimension; d++) {
      const difference = query[d] - block[offset + d];
      a += difference * difference;
    }
    return a + b + c + e;
  };
}

/**
 * The `count` rows nearest to the query [dimension] by comparison with each, nearest first, at equal distance the
 * lower id first.
 * @param block row after row, as many as there are ids or more: [rows, dimension]
 * @param options.ids of the rows
 * @param options.wanted 1 for every row that may be found, 0 for others: [rows]; all rows unless given
 */
export function scanRows(
  block: Float32Array,
  query: Float32Array,
  {
    ids,
    count,
    wanted,
  }: { readonly ids: ArrayLike<number>; readonly count: number; readonly wanted?: Uint8Array },
): Hit[] {
  const heap = createNearestHeap(count);
  const squaredDistance = createRowDistance(query, block);
  let limit = Number.POSITIVE_INFINITY;
  for (let row = 0, offset = 0; row < ids.length; row++, offset += query.length) {
    if (wanted !== undefined && wanted[row] === 0) continue;
    const squared = squaredDistance(offset, limit);
    if (squared > limit) continue;
    heap.offer({ id: ids[row], distance: Math.sqrt(squared) });
    limit = heap.bound() ** 2 * slack;
  }
  return heap.sorted();
}

/** Calls `visit` with the id and the distance of every row, in the order of the rows. */
export function visitRows(
  block: Float32Array,
  query: Float32Array,
  { ids, visit }: { readonly ids: ArrayLike<number>; readonly visit: (id: number, distance: number) => void },
): void {
  const squaredDistance = createRowDistance(query, block);
  for (let row = 0; row < ids.length; row++) {
    visit(ids[row], Math.sqrt(squaredDistance(row * query.length, Number.POSITIVE_INFINITY)));
  }
}
