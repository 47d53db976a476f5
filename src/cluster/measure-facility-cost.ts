import { rowOf, stackVectors, type VectorBlock } from '../math/vectors.js';
import type { TakeTurn } from '../take-turns.js';
import { chooseCount } from './choose-count.js';
import { DistanceRows } from './distance-rows.js';
import { chooseMedoids } from './greedy-medoids.js';
import { measureMedoids } from './measure-medoids.js';
import { PointDistances } from './point-distances.js';

/** Fewer say nothing. */
export const fewestMeasured = 32;

/** Of points that are equal, the first. */
function dropEqual(block: VectorBlock): VectorBlock {
  const rows = new Map<string, Float32Array>();
  for (let i = 0; i < block.count; i++) {
    const row = rowOf(block, i);
    const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('latin1');
    if (!rows.has(bytes)) rows.set(bytes, row);
  }
  return stackVectors([...rows.values()], block.dimension);
}

/**
 * The facility cost, divided by the number of points, at which greedy facility location opens as many clusters as the elbow
 * of its energies says (`chooseCount`), two at least: half-way between what greedy gains with the last of them and with the
 * next. So what is left to be chosen is chosen alike, whether clusters are made at once or joined one by one. Equal points
 * count once: with all pictures uploaded twice the cost is the same for each.
 * @param block [count, dimension]: 4 · count² bytes are taken
 * @returns nothing where there are fewer than `fewestMeasured` points that differ, or they differ by next to nothing
 */
export async function measureFacilityCost(
  block: VectorBlock,
  takeTurn: TakeTurn,
): Promise<number | undefined> {
  const distinct = dropEqual(block);
  const { count } = distinct;
  if (count < fewestMeasured) return undefined;
  const rows = new DistanceRows(new PointDistances(distinct));
  await rows.keepAll(takeTurn);
  const medoids = await chooseMedoids(rows, { clusters: Math.ceil(count / 2) }, takeTurn);
  const curve = await measureMedoids(medoids, { rows, takeTurn });
  const { energies } = curve;
  const last = Math.max(2, chooseCount(curve, 'elbow'));
  const cost = (energies[last - 2] - energies[last]) / 2 / count;
  return cost > 0 ? cost : undefined;
}
