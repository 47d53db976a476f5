import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { rowOf, squaredDistance, type VectorBlock } from './vectors.js';

/**
 * Classical scaling to the plane (Torgerson 1952): the two strongest eigenvectors of B = −½ J D² J, each times the root
 * of its eigenvalue, where D² holds the squared distances and J takes the mean away. Up to three points keep their
 * distances. For few points: n × n numbers are decomposed.
 * @returns [n, 2]
 */
export function classicalScaling(block: VectorBlock): VectorBlock {
  const { count } = block;
  const data = new Float32Array(2 * count);
  if (count < 2) return { data, count, dimension: 2 };
  const squared = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => squaredDistance(rowOf(block, i), rowOf(block, j))),
  ); // [n, n]
  const meanOf = (row: readonly number[]): number => row.reduce((sum, value) => sum + value, 0) / count;
  const means = squared.map(meanOf);
  const mean = meanOf(means);
  const centred = squared.map((row, i) => row.map((value, j) => -0.5 * (value - means[i] - means[j] + mean)));
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(
    new Matrix(centred),
    { assumeSymmetric: true },
  );
  const strongest = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  for (const [axis, column] of strongest.slice(0, 2).entries()) {
    // What should be zero may come out a little below.
    const length = Math.sqrt(Math.max(0, values[column]));
    for (let i = 0; i < count; i++) data[2 * i + axis] = vectors.get(i, column) * length;
  }
  return { data, count, dimension: 2 };
}
