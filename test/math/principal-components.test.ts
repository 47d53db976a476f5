import { describe, expect, it } from 'vitest';
import { principalComponents } from '../../src/math/principal-components.js';
import { createRandom } from '../../src/math/random.js';
import { rowOf, type VectorBlock } from '../../src/math/vectors.js';

const dimension = 6;
const count = 400;

/** Deviations 8, 4, 2, … along the axes of a rotation that mixes neighbours, around a centre far from 0. */
function createBlock(): VectorBlock {
  const random = createRandom('components');
  const data = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const along = Array.from({ length: dimension }, (_, k) => random.normal() * 2 ** (3 - k));
    for (let k = 0; k + 1 < dimension; k += 2) {
      const [a, b] = [along[k], along[k + 1]];
      data[row * dimension + k] = 0.6 * a - 0.8 * b + 50;
      data[row * dimension + k + 1] = 0.8 * a + 0.6 * b - 20;
    }
  }
  return { data, count, dimension };
}

const deviations = (block: VectorBlock): number[] =>
  Array.from({ length: block.dimension }, (_, k) => {
    const values = Array.from({ length: block.count }, (_, row) => rowOf(block, row)[k]);
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  });

describe('principal components', () => {
  it('are unit vectors that keep the directions of greatest variance, the greatest first', () => {
    const kept = principalComponents(createBlock(), { components: 3, whitening: 0, seed: 'a' });
    expect([kept.count, kept.dimension]).toEqual([count, 3]);
    for (let row = 0; row < count; row += 37) expect(Math.hypot(...rowOf(kept, row))).toBeCloseTo(1, 5);
    const [first, second, third] = deviations(kept);
    expect(first / second).toBeGreaterThan(1.2);
    expect(second / third).toBeGreaterThan(1.2);
    // The first is the axis (0.6, 0.8) of the first pair.
    const block = createBlock();
    const signs = Array.from({ length: count }, (_, row) => {
      const [x, y] = rowOf(block, row);
      return Math.sign(0.6 * (x - 50) + 0.8 * (y + 20)) * Math.sign(rowOf(kept, row)[0]);
    });
    expect(Math.abs(signs.reduce((sum, sign) => sum + sign, 0)) / count).toBeGreaterThan(0.9);
  });

  it('are of equal variance when whitened', () => {
    const spread = deviations(principalComponents(createBlock(), { components: 4, whitening: 1, seed: 'a' }));
    expect(Math.max(...spread) / Math.min(...spread)).toBeLessThan(1.15);
  });

  it('of rows that are all alike are finite', () => {
    const block = { data: new Float32Array(20).fill(3), count: 5, dimension: 4 };
    const { data } = principalComponents(block, { components: 2, whitening: 1, seed: 'a' });
    expect([...data].every(Number.isFinite)).toBe(true);
  });
});
