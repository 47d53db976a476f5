import { describe, expect, it } from 'vitest';
import { embeddingSpread } from '../../src/math/embedding-spread.js';
import { stackVectors } from '../../src/math/vectors.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const seed = 'spread';

const randomBlock = (count: number, dimension: number) =>
  stackVectors(
    createUnitVectors(count, dimension).map(({ vector }) => vector),
    dimension,
  );

/** `each` vectors on each of the first `axes` axes. */
function onAxes(axes: number, { each, dimension }: { each: number; dimension: number }) {
  const rows = Array.from({ length: axes * each }, (_, i) =>
    Float32Array.from({ length: dimension }, (_, k) => (k === i % axes ? 1 : 0)),
  );
  return stackVectors(rows, dimension);
}

describe('the spread of embeddings', () => {
  it('is nothing of one image, of none and of equal ones, whatever they round to', () => {
    const nothing = { meanDistance: 0, effectiveRank: 0 };
    const [{ vector }] = createUnitVectors(1, 6);
    for (const count of [0, 1, 2, 50]) {
      const block = stackVectors(
        Array.from({ length: count }, () => vector),
        6,
      );
      const spread = embeddingSpread(block, { seed });
      expect(spread).toMatchObject(nothing);
      expect(spread.spectrum.length).toBe(6);
    }
  });

  it('is known by hand for three points: two equal, one at a right angle', () => {
    const block = stackVectors([Float32Array.of(1, 0), Float32Array.of(1, 0), Float32Array.of(0, 1)], 2);
    const { meanDistance, spectrum, effectiveRank } = embeddingSpread(block, { seed });
    // Distances 0, √2, √2; all variance, 2/9 + 2/9, along (1, −1).
    expect(meanDistance).toBeCloseTo((2 * Math.SQRT2) / 3, 6);
    expect(spectrum[0]).toBeCloseTo(4 / 9, 6);
    expect(spectrum[1]).toBeCloseTo(0, 6);
    expect(effectiveRank).toBeCloseTo(1, 6);
  });

  it.each([
    ['fewer vectors than dimensions', { each: 2, dimension: 32 }],
    ['more vectors than dimensions', { each: 9, dimension: 6 }],
  ])('counts the directions between orthogonal axes, one less than axes: %s', (_, shape) => {
    for (const axes of [2, 3, 5]) {
      const { spectrum, effectiveRank } = embeddingSpread(onAxes(axes, shape), { seed });
      expect(effectiveRank).toBeCloseTo(axes - 1, 6);
      // Variance 1 − 1/k in all, the same along each.
      for (let k = 0; k < shape.dimension; k++)
        expect(spectrum[k]).toBeCloseTo(k < axes - 1 ? 1 / axes : 0, 6);
    }
  });

  it('is √2 and nearly the whole dimension for random directions', () => {
    const { meanDistance, spectrum, effectiveRank } = embeddingSpread(randomBlock(1000, 16), { seed });
    expect(Math.abs(meanDistance - Math.SQRT2)).toBeLessThan(0.03);
    expect(effectiveRank).toBeGreaterThan(15.8);
    expect(effectiveRank).toBeLessThanOrEqual(16);
    expect([...spectrum]).toEqual([...spectrum].sort((a, b) => b - a));
  });

  it('looks at a seeded sample of the pairs of many', () => {
    const block = onAxes(4, { each: 600, dimension: 4 });
    const [first, again, other] = ['a', 'a', 'b'].map(
      name => embeddingSpread(block, { seed: name }).meanDistance,
    );
    // Three of four other vectors are on another axis, but for the vector itself.
    const exact = (1800 / 2399) * Math.SQRT2;
    expect(Math.abs(first - exact)).toBeLessThan(0.005);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});
