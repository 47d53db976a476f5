import { createRandom, type Random } from '../math/random.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';

export interface KMeansOptions {
  readonly clusters: number;
  readonly seed: number;
  /** The best of so many starts is kept. */
  readonly starts?: number;
  readonly maxIterations?: number;
  readonly signal?: AbortSignal;
}

export interface KMeansResult {
  /** Cluster of each point: [count]. */
  readonly assignment: Int32Array;
  /** Σ of squared distances to the own centre. */
  readonly inertia: number;
}

/** k-means++ (Arthur & Vassilvitskii 2007): each next centre is drawn by its squared distance to the nearest one. */
async function chooseCentres(
  block: VectorBlock,
  clusters: number,
  { random, takeTurn }: { random: Random; takeTurn: TakeTurn },
): Promise<Float64Array> {
  const { count, dimension } = block;
  const centres = new Float64Array(clusters * dimension);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(count);
  for (let c = 0; c < clusters; c++) {
    await takeTurn();
    const centre = rowOf(block, chosen);
    centres.set(centre, c * dimension);
    let total = 0;
    for (let i = 0; i < count; i++) {
      nearest[i] = Math.min(nearest[i], squaredDistance(rowOf(block, i), centre));
      total += nearest[i];
    }
    let left = random.next() * total;
    chosen = 0;
    while (chosen < count - 1 && left >= nearest[chosen]) left -= nearest[chosen++];
  }
  return centres;
}

const pointsATurn = 64;

/** Moves every point to its nearest centre (the first of equals). @returns the inertia */
async function assign(
  block: VectorBlock,
  { centres, assignment }: { centres: Float64Array; assignment: Int32Array },
  takeTurn: TakeTurn,
): Promise<number> {
  const { data, count, dimension } = block;
  let inertia = 0;
  for (let i = 0; i < count; i++) {
    if (i % pointsATurn === 0) await takeTurn();
    let best = Number.POSITIVE_INFINITY;
    for (let c = 0, centre = 0; centre < centres.length; c++, centre += dimension) {
      let distance = 0;
      for (let d = 0; d < dimension && distance < best; d++) {
        const difference = data[i * dimension + d] - centres[centre + d];
        distance += difference * difference;
      }
      if (distance < best) {
        best = distance;
        assignment[i] = c;
      }
    }
    inertia += best;
  }
  return inertia;
}

/** Centres to the means of their points; one without points stays. */
function moveCentres(block: VectorBlock, centres: Float64Array, assignment: Int32Array): void {
  const { data, count, dimension } = block;
  const sizes = new Int32Array(centres.length / dimension);
  const sums = new Float64Array(centres.length);
  for (let i = 0; i < count; i++) {
    sizes[assignment[i]]++;
    for (let d = 0; d < dimension; d++) sums[assignment[i] * dimension + d] += data[i * dimension + d];
  }
  for (let k = 0; k < sums.length; k++) {
    const size = sizes[Math.floor(k / dimension)];
    if (size > 0) centres[k] = sums[k] / size;
  }
}

async function descend(
  block: VectorBlock,
  centres: Float64Array,
  { maxIterations, takeTurn }: { maxIterations: number; takeTurn: TakeTurn },
): Promise<KMeansResult> {
  const assignment = new Int32Array(block.count);
  let inertia = await assign(block, { centres, assignment }, takeTurn);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    moveCentres(block, centres, assignment);
    const before = inertia;
    inertia = await assign(block, { centres, assignment }, takeTurn);
    if (before - inertia <= 1e-9 * before) break;
  }
  return { assignment, inertia };
}

/**
 * Lloyd's algorithm from k-means++ starts.
 * Other work has its turns meanwhile.
 * @throws MedoidError `interrupted` once `signal` is aborted
 * @param block [count, dimension]; with fewer points than clusters, as many clusters as points
 */
export async function kMeans(
  block: VectorBlock,
  { clusters, seed, starts = 3, maxIterations = 100, signal }: KMeansOptions,
): Promise<KMeansResult> {
  const takeTurn = createTurns(signal);
  const k = Math.min(clusters, block.count);
  let best: KMeansResult = { assignment: new Int32Array(block.count), inertia: Number.POSITIVE_INFINITY };
  for (let start = 0; start < starts && block.count > 0; start++) {
    const random = createRandom(`${seed}/k-means/${start}`);
    const centres = await chooseCentres(block, k, { random, takeTurn });
    const result = await descend(block, centres, { maxIterations, takeTurn });
    if (result.inertia < best.inertia) best = result;
  }
  return best;
}
