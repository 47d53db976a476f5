import type { Pooling } from './manifest.js';

/**
 * One vector a picture from one vector a token: of `cls` the first, which stands for the whole picture, of `mean` the
 * mean over all, the first included.
 * @param tokens [n, t, d], row after row
 * @returns n rows [d]
 */
export function poolTokens(
  tokens: Float32Array,
  [n, t, d]: readonly [number, number, number],
  pooling: Pooling,
): Float32Array[] {
  return Array.from({ length: n }, (_, picture) => {
    const own = tokens.subarray(picture * t * d, (picture + 1) * t * d);
    if (pooling === 'cls') return own.slice(0, d);
    const sums = new Float64Array(d);
    for (let i = 0; i < own.length; i++) sums[i % d] += own[i];
    return Float32Array.from(sums, sum => sum / t);
  });
}
