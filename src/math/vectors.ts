/** Many vectors of one length in one block, row after row: [count, dimension]. */
export interface VectorBlock {
  readonly data: Float32Array;
  readonly count: number;
  readonly dimension: number;
}

/** @param rows vectors of equal length */
export function stackVectors(rows: readonly Float32Array[], dimension: number): VectorBlock {
  const data = new Float32Array(rows.length * dimension);
  for (const [i, row] of rows.entries()) data.set(row, i * dimension);
  return { data, count: rows.length, dimension };
}

export const rowOf = ({ data, dimension }: VectorBlock, index: number): Float32Array =>
  data.subarray(index * dimension, (index + 1) * dimension);

export const isFiniteVector = (vector: Float32Array): boolean => {
  for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) return false;
  return true;
};

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export function squaredDistance(a: Float32Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum;
}

/** Scales to unit length in place and returns the same array; a zero vector stays zero. */
export function normalise(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i] = vector[i] / length;
  return vector;
}
