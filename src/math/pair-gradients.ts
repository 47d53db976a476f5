import type { DistanceMatrix } from './facility-location.js';
import type { VectorBlock } from './vectors.js';

/**
 * The chain rule from pairs to points. A loss that is a function of all z_ij, be they squared distances, distances or
 * dot products, hands in its slopes ∂ℓ/∂z_ij, [n, n], and gets ∂ℓ/∂x: [n, dimension]. The two orders of a pair are
 * two slopes that add up; a loss over unordered pairs leaves one of them 0. Sums are kept in double precision.
 */

/** z_ij = ‖x_i − x_j‖². */
export function gradientOfSquaredDistances(
  { data, count, dimension }: VectorBlock,
  slopes: Float64Array,
): Float32Array {
  const gradient = new Float64Array(data.length);
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const slope = 2 * (slopes[i * count + j] + slopes[j * count + i]);
      if (slope === 0) continue;
      const a = i * dimension;
      const b = j * dimension;
      for (let d = 0; d < dimension; d++) {
        const step = slope * (data[a + d] - data[b + d]);
        gradient[a + d] += step;
        gradient[b + d] -= step;
      }
    }
  }
  return Float32Array.from(gradient);
}

/** z_ij = ‖x_i − x_j‖. Points that coincide neither pull nor push each other: of the subgradients, 0 is taken. */
export function gradientOfDistances(
  batch: VectorBlock,
  { distances }: DistanceMatrix,
  slopes: Float64Array,
): Float32Array {
  const squaredSlopes = slopes.map((slope, k) => (distances[k] === 0 ? 0 : slope / (2 * distances[k])));
  return gradientOfSquaredDistances(batch, squaredSlopes);
}

/** z_ij = x_i · x_j; the diagonal counts. */
export function gradientOfDotProducts(
  { data, count, dimension }: VectorBlock,
  slopes: Float64Array,
): Float32Array {
  const gradient = new Float64Array(data.length);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const slope = slopes[i * count + j] + slopes[j * count + i];
      if (slope === 0) continue;
      const a = i * dimension;
      const b = j * dimension;
      for (let d = 0; d < dimension; d++) gradient[a + d] += slope * data[b + d];
    }
  }
  return Float32Array.from(gradient);
}

/** x_i · y_j in double precision: [rows of x, rows of y]. */
export function dotProducts(x: VectorBlock, y: VectorBlock): Float64Array {
  const { data: left, count, dimension } = x;
  const { data: right, count: columns } = y;
  const products = new Float64Array(count * columns);
  for (let i = 0; i < count; i++) {
    const a = i * dimension;
    for (let j = 0; j < columns; j++) {
      const b = j * dimension;
      let sum = 0;
      for (let d = 0; d < dimension; d++) sum += left[a + d] * right[b + d];
      products[i * columns + j] = sum;
    }
  }
  return products;
}
