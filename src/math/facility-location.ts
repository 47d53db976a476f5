import type { VectorBlock } from './vectors.js';

/**
 * Facility location over the points of one batch (Song et al., "Deep Metric Learning via Facility Location",
 * CVPR 2017). Distances are Euclidean, unsquared; energies are sums over points, not means; every tie goes to the
 * lowest index.
 */

/** Symmetric distances of n points, row after row, zero diagonal: [n, n]. */
export interface DistanceMatrix {
  readonly distances: Float64Array;
  readonly count: number;
}

/** Distances of the point `i` to those after it, into its row and its column. */
function fillDistances({ data, dimension }: VectorBlock, matrix: DistanceMatrix, i: number): void {
  const { distances, count } = matrix;
  const rowI = i * dimension;
  for (let j = i + 1; j < count; j++) {
    const rowJ = j * dimension;
    let sum = 0;
    for (let d = 0; d < dimension; d++) {
      const difference = data[rowI + d] - data[rowJ + d];
      sum += difference * difference;
    }
    const distance = Math.sqrt(sum);
    distances[i * count + j] = distance;
    distances[j * count + i] = distance;
  }
}

/** D_ij = ‖x_i − x_j‖, computed in double precision from the differences, so equal points are exactly 0 apart. */
export function pairwiseDistances(block: VectorBlock): DistanceMatrix {
  const matrix = { distances: new Float64Array(block.count ** 2), count: block.count };
  for (let i = 0; i < block.count; i++) fillDistances(block, matrix, i);
  return matrix;
}

/**
 * g(S), eq. 7: for each point the position in `medoids` of its nearest medoid; equally near ones: the first in
 * `medoids`. A medoid always belongs to its own cluster.
 */
export function assignToMedoids(
  { distances, count }: DistanceMatrix,
  medoids: ArrayLike<number>,
): Int32Array {
  const assignment = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let best = Number.POSITIVE_INFINITY;
    for (let position = 0; position < medoids.length; position++) {
      const distance = distances[i * count + medoids[position]];
      if (distance < best) {
        best = distance;
        assignment[i] = position;
      }
    }
  }
  for (let position = 0; position < medoids.length; position++) assignment[medoids[position]] = position;
  return assignment;
}

/** F(X, S), eq. 4: −Σ_i min_{j∈S} D_ij. */
export function facilityEnergy({ distances, count }: DistanceMatrix, medoids: ArrayLike<number>): number {
  let energy = 0;
  for (let i = 0; i < count; i++) {
    let nearest = Number.POSITIVE_INFINITY;
    for (let position = 0; position < medoids.length; position++) {
      nearest = Math.min(nearest, distances[i * count + medoids[position]]);
    }
    energy -= nearest;
  }
  return energy;
}

/** Labels renumbered 0..classes−1 in order of first appearance. */
export interface DenseLabels {
  readonly labels: Int32Array;
  readonly classes: number;
}

export function denseLabels(labels: ArrayLike<number>): DenseLabels {
  const numbers = new Map<number, number>();
  const dense = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const number = numbers.get(labels[i]) ?? numbers.size;
    numbers.set(labels[i], number);
    dense[i] = number;
  }
  return { labels: dense, classes: numbers.size };
}

export interface OracleClustering {
  /** F̃, eq. 5. */
  readonly energy: number;
  /** The best single medoid of each class: [classes]. */
  readonly medoids: Int32Array;
}

/** F̃(X, y*), eq. 5: each class served by its best single medoid. */
export function oracleClustering(
  { distances, count }: DistanceMatrix,
  { labels, classes }: DenseLabels,
): OracleClustering {
  const bestCosts = new Float64Array(classes).fill(Number.POSITIVE_INFINITY);
  const medoids = new Int32Array(classes);
  for (let j = 0; j < count; j++) {
    let cost = 0;
    for (let i = 0; i < count; i++) if (labels[i] === labels[j]) cost += distances[j * count + i];
    if (cost < bestCosts[labels[j]]) {
      bestCosts[labels[j]] = cost;
      medoids[labels[j]] = j;
    }
  }
  return { energy: -bestCosts.reduce((sum, cost) => sum + cost, 0), medoids };
}
