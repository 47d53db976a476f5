import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { createRandom } from './random.js';
import { normalise, rowOf, type VectorBlock } from './vectors.js';

/** The covariance is of at most this many rows, drawn by the seed. */
const mostRows = 10_000;

function drawRows({ count }: VectorBlock, seed: string): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return count <= mostRows ? numbers : createRandom(seed).shuffle(numbers).slice(0, mostRows);
}

/**
 * Rows by their principal components: centred, projected onto the axes of greatest variance λ, each component divided
 * by λ^(whitening / 2), scaled to unit length.
 * @param block [rows, dimension]
 * @param options.components how many, at most `dimension`
 * @param options.whitening 0 = none, 1 = components of equal variance
 * @returns [rows, components]
 */
export function principalComponents(
  block: VectorBlock,
  { components, whitening, seed }: { components: number; whitening: number; seed: string },
): VectorBlock {
  const { count, dimension } = block;
  const drawn = drawRows(block, seed);
  const sample = new Matrix(drawn.map(row => [...rowOf(block, row)]));
  const mean = sample.mean('column');
  const centred = sample.subRowVector(mean);
  const covariance = centred.transpose().mmul(centred).div(drawn.length);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = Array.from(realEigenvalues.keys())
    .sort((a, b) => realEigenvalues[b] - realEigenvalues[a])
    .slice(0, components);
  const largest = Math.max(realEigenvalues[order[0]], Number.MIN_VALUE);
  const axes = order.map(k => {
    // An axis without variance adds nothing, however it is scaled.
    const scale = Math.max(realEigenvalues[k] / largest, 1e-12) ** (-whitening / 2);
    return Float64Array.from(eigenvectorMatrix.getColumn(k), value => value * scale);
  });
  const data = new Float32Array(count * components);
  const difference = new Float64Array(dimension);
  for (let row = 0; row < count; row++) {
    const values = rowOf(block, row);
    for (let d = 0; d < dimension; d++) difference[d] = values[d] - mean[d];
    for (const [k, axis] of axes.entries()) {
      let sum = 0;
      for (let d = 0; d < dimension; d++) sum += axis[d] * difference[d];
      data[row * components + k] = sum;
    }
  }
  const projected = { data, count, dimension: components };
  for (let row = 0; row < count; row++) normalise(rowOf(projected, row));
  return projected;
}
