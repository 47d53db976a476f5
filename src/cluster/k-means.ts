import { DistanceScreen } from '../math/distance-screen.js';
import { createRandom, type Random } from '../math/random.js';
import { rowOf, squaredDistance, type VectorBlock } from '../math/vectors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import type { ClusteringOptions } from './clusterer.js';
import { Lloyd } from './lloyd.js';

export interface KMeansOptions extends ClusteringOptions {
  /** The best of so many starts is kept. */
  readonly starts?: number;
  readonly maxIterations?: number;
}

export interface KMeansResult {
  /** Cluster of each point: [count]. */
  readonly assignment: Int32Array;
  /** Σ of squared distances to the own centre. */
  readonly inertia: number;
}

/**
 * k-means++ (Arthur & Vassilvitskii 2007): each next centre is drawn by its squared distance to the nearest one.
 * @param screen of all points
 */
async function chooseCentres(
  block: VectorBlock,
  clusters: number,
  { random, screen, takeTurn }: { random: Random; screen: DistanceScreen; takeTurn: TakeTurn },
): Promise<Float64Array> {
  const { count, dimension } = block;
  const centres = new Float64Array(clusters * dimension);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(count);
  for (let c = 0; c < clusters; c++) {
    await takeTurn();
    const centre = rowOf(block, chosen);
    centres.set(centre, c * dimension);
    const { products, norm, slack } = screen.ask(block.data, chosen);
    const reach = norm - slack;
    let total = 0;
    for (let i = 0; i < count; i++) {
      if (!(reach + screen.norms[i] - 2 * products[i] > nearest[i])) {
        nearest[i] = Math.min(nearest[i], squaredDistance(rowOf(block, i), centre));
      }
      total += nearest[i];
    }
    let left = random.next() * total;
    chosen = 0;
    while (chosen < count - 1 && left >= nearest[chosen]) left -= nearest[chosen++];
  }
  return centres;
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
  const { count, dimension } = block;
  let best: KMeansResult = { assignment: new Int32Array(count), inertia: Number.POSITIVE_INFINITY };
  if (count === 0) return best;
  const screen = new DistanceScreen(dimension, count, 4);
  screen.load({ ...block, rows: Int32Array.from({ length: count }, (_, i) => i) });
  for (let start = 0; start < starts; start++) {
    const random = createRandom(`${seed}/k-means/${start}`);
    const centres = await chooseCentres(block, Math.min(clusters, count), { random, screen, takeTurn });
    const lloyd = new Lloyd(block, centres, takeTurn);
    await lloyd.assignAll();
    let { inertia } = lloyd;
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      await lloyd.step();
      const before = inertia;
      inertia = lloyd.inertia;
      if (before - inertia <= 1e-9 * before) break;
    }
    if (inertia < best.inertia) best = { assignment: lloyd.assignment, inertia };
  }
  return best;
}
