import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';

/** The row nearest to the mean of the rows, of equally near ones the first. */
export function findMiddle(block: VectorBlock, rows: readonly number[]): number {
  const mean = new Float64Array(block.dimension);
  for (const row of rows) {
    const vector = rowOf(block, row);
    for (let d = 0; d < mean.length; d++) mean[d] += vector[d] / rows.length;
  }
  let [middle, least] = [rows[0], Number.POSITIVE_INFINITY];
  for (const row of rows) {
    const squared = squaredDistance(rowOf(block, row), mean);
    if (squared < least) [middle, least] = [row, squared];
  }
  return middle;
}
