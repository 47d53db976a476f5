import { UMAP } from 'umap-js';
import { createTurns } from '../take-turns.js';
import { classicalScaling } from './classical-scaling.js';
import { nearestRows } from './nearest-rows.js';
import { createRandom } from './random.js';
import { rowOf, type VectorBlock } from './vectors.js';

/** Points whose closeness is kept, the point itself among them: the library's own default. */
const neighbourhood = 15;

export interface ProjectionOptions {
  /** The same seed and block give the same map. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A map of embeddings for the eye: UMAP (McInnes et al. 2018) with Euclidean distances, on exact neighbours rather than
 * the library's approximate ones. At 15 points and fewer every point would be the neighbour of every other one; these
 * are placed by classical scaling. A few thousand points at most: time goes with their square. Other work has its turns
 * meanwhile.
 * @param block [n, dimension], finite
 * @returns [n, 2]
 * @throws MedoidError `interrupted` once the signal is aborted
 */
export async function projectEmbeddings(
  block: VectorBlock,
  { seed, signal }: ProjectionOptions,
): Promise<VectorBlock> {
  const { count } = block;
  if (count <= neighbourhood) return classicalScaling(block);
  const takeTurn = createTurns(signal);
  const umap = new UMAP({ nNeighbors: neighbourhood, random: createRandom(`${seed}/projection`).next });
  const rows = Array.from({ length: count }, (_, row) => row);
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (const row of rows) {
    await takeTurn();
    const others = nearestRows(block, row, { candidates: rows, count: neighbourhood - 1 });
    // The library expects each point as its own first neighbour.
    indices.push([row, ...others.map(other => other.row)]);
    distances.push([0, ...others.map(other => other.distance)]);
  }
  umap.setPrecomputedKNN(indices, distances);
  const steps = umap.initializeFit(rows.map(row => Array.from(rowOf(block, row))));
  for (let step = 0; step < steps; step++) {
    await takeTurn();
    umap.step();
  }
  return { data: Float32Array.from(umap.getEmbedding().flat()), count, dimension: 2 };
}
