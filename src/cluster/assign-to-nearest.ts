import { rowOf, type VectorBlock } from '../math/vectors.js';
import type { TakeTurn } from '../take-turns.js';
import { Lloyd } from './lloyd.js';

/**
 * For each point the position in `medoids` of its nearest medoid, in doubles; of equally near ones the first. A medoid
 * always belongs to its own cluster. @returns [count]
 */
export async function assignToNearest(
  block: VectorBlock,
  medoids: Int32Array,
  takeTurn: TakeTurn,
): Promise<Int32Array> {
  const centres = new Float64Array(medoids.length * block.dimension);
  for (const [position, medoid] of medoids.entries()) {
    centres.set(rowOf(block, medoid), position * block.dimension);
  }
  const lloyd = new Lloyd(block, centres, takeTurn);
  await lloyd.assignAll();
  for (const [position, medoid] of medoids.entries()) lloyd.assignment[medoid] = position;
  return lloyd.assignment;
}
