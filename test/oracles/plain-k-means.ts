import type { KMeansResult } from '../../src/cluster/k-means.js';
import { createRandom, type Random } from '../../src/math/random.js';
import { rowOf, squaredDistance, type VectorBlock } from '../../src/math/vectors.js';

/** k-means++ and Lloyd's algorithm as they read: every point against every centre, every time. */

export function plainCentres(block: VectorBlock, clusters: number, random: Random): Float64Array {
  const { count, dimension } = block;
  const centres = new Float64Array(clusters * dimension);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let chosen = random.integer(count);
  for (let c = 0; c < clusters; c++) {
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

export function plainAssign(
  { data, count, dimension }: VectorBlock,
  centres: Float64Array,
  assignment: Int32Array,
): number {
  let inertia = 0;
  for (let i = 0; i < count; i++) {
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

function moveCentres({ data, count, dimension }: VectorBlock, centres: Float64Array, assignment: Int32Array) {
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

export function plainKMeans(
  block: VectorBlock,
  {
    clusters,
    seed,
    starts = 3,
    maxIterations = 100,
  }: Record<'clusters' | 'seed', number> & {
    readonly starts?: number;
    readonly maxIterations?: number;
  },
): KMeansResult {
  let best: KMeansResult = { assignment: new Int32Array(block.count), inertia: Number.POSITIVE_INFINITY };
  for (let start = 0; start < starts; start++) {
    const random = createRandom(`${seed}/k-means/${start}`);
    const centres = plainCentres(block, Math.min(clusters, block.count), random);
    const assignment = new Int32Array(block.count);
    let inertia = plainAssign(block, centres, assignment);
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      moveCentres(block, centres, assignment);
      const before = inertia;
      inertia = plainAssign(block, centres, assignment);
      if (before - inertia <= 1e-9 * before) break;
    }
    if (inertia < best.inertia) best = { assignment, inertia };
  }
  return best;
}
