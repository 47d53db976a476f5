import { rowOf, stackVectors, type VectorBlock } from '../math/vectors.js';
import type { TakeTurn } from '../take-turns.js';
import { DistanceRows } from './distance-rows.js';
import { chooseMedoids } from './greedy-medoids.js';
import { PointDistances } from './point-distances.js';

/** Fewer say nothing. */
export const fewestMeasured = 32;

/** What greedy gains with each of its choices, and how well apart the clusters around them are. */
function gainsOf(rows: DistanceRows, medoids: Int32Array): { gains: number[]; apart: number[] } {
  const { count } = rows;
  const first = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const second = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const isMedoid = new Uint8Array(count);
  const [gains, apart]: [number[], number[]] = [[], []];
  for (const medoid of medoids) {
    isMedoid[medoid] = 1;
    const row = rows.rowOf(medoid);
    let [gain, sum] = [0, 0];
    for (let i = 0; i < count; i++) {
      if (row[i] < first[i]) {
        gain += first[i] - row[i];
        second[i] = first[i];
        first[i] = row[i];
      } else if (row[i] < second[i]) {
        second[i] = row[i];
      }
      if (isMedoid[i] === 0 && second[i] > 0) sum += 1 - first[i] / second[i];
    }
    gains.push(gain);
    // Of one cluster there is no other to be apart from.
    apart.push(gains.length < 2 ? 0 : sum / count);
  }
  return { gains, apart };
}

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
 * The facility cost, divided by the number of points, at which greedy facility location opens as many clusters as are best
 * apart: of all numbers k of clusters from half to twice the square root of n, the one whose mean medoid silhouette
 *   (1/n) Σ_i (1 − d(i, nearest medoid) / d(i, second nearest))
 * is greatest, summed over the points that are no medoid themselves (Lenssen, Schubert 2022, where medoids count 1: then
 * the most clusters would always be best). The cost lies half-way between what greedy gains with its k-th choice and with
 * the next. Of fewer clusters often two are best apart, whatever there is; of more, those of a picture and its copies. For the
 * same reason equal points count once.
 * @param block [count, dimension]: 4 · count² bytes are taken
 * @returns nothing where there are fewer than `fewestMeasured` points, or none are apart
 */
export async function measureFacilityCost(
  block: VectorBlock,
  takeTurn: TakeTurn,
): Promise<number | undefined> {
  const distinct = dropEqual(block);
  if (distinct.count < fewestMeasured) return undefined;
  const rows = new DistanceRows(new PointDistances(distinct));
  await rows.keepAll(takeTurn);
  const least = Math.max(2, Math.ceil(Math.sqrt(distinct.count) / 2));
  const most = Math.floor(2 * Math.sqrt(distinct.count));
  const medoids = await chooseMedoids(rows, { clusters: most + 1 }, takeTurn);
  const { gains, apart } = gainsOf(rows, medoids);
  let best = least - 1;
  for (let at = best; at < most; at++) if (apart[at] > apart[best]) best = at;
  return (gains[best] + gains[best + 1]) / 2 / distinct.count;
}
