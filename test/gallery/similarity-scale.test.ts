import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimilarityScale, measureSimilarityScale } from '../../src/gallery/similarity-scale.js';
import { squaredDistance } from '../../src/math/vectors.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import type { IndexedVector } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 6;

function createIndex(entries: readonly IndexedVector[]): ExactIndex {
  const index = new ExactIndex(dimension);
  index.add(entries);
  return index;
}

describe('a similarity scale', () => {
  it('has the values worked out by hand', () => {
    const scale = createSimilarityScale([1.5, 0.5, 1, 1]);
    // One below, half of one: 1 − 0.5/4; then 1 − (1 + 2/2)/4; then 1 − 3.5/4.
    expect([0.5, 1, 1.5].map(scale)).toEqual([0.875, 0.5, 0.125]);
    // Half-way: to 1 at 0, between two, to 0 at 2.
    expect([0, 0.25, 0.75, 1.25, 1.75, 2].map(scale)).toEqual([1, 0.9375, 0.6875, 0.3125, 0.0625, 0]);
  });

  it('takes what rounding puts outside of 0..2 for the end', () => {
    const scale = createSimilarityScale([1, 2.0000001]);
    expect([-1e-9, 2, 2.0000002].map(scale)).toEqual([1, 0.25, 0.25]);
  });

  it('counts equal pictures half, as any others', () => {
    expect([0, 1, 2].map(createSimilarityScale([0, 0, 0, 1]))).toEqual([0.625, 0.125, 0]);
    expect([0, 0.5].map(createSimilarityScale([0, 0]))).toEqual([0.5, 0.375]);
  });

  it('is the share of pairs that are farther apart, never rises and makes no jump', () => {
    const distance = fc.oneof(fc.constantFrom(0, 0.3, 1, 2), fc.double({ min: 0, max: 2, noNaN: true }));
    const property = fc.property(fc.array(distance, { minLength: 1 }), distance, distance, (pairs, a, b) => {
      const scale = createSimilarityScale(pairs);
      for (const pair of pairs) {
        const farther = pairs.filter(other => other > pair).length;
        const equal = pairs.filter(other => other === pair).length;
        expect(scale(pair)).toBeCloseTo((farther + equal / 2) / pairs.length, 12);
      }
      const [near, far] = [Math.min(a, b), Math.max(a, b)];
      expect(scale(near)).toBeGreaterThanOrEqual(scale(far));
      for (const value of [scale(near), scale(far)]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
    const scale = createSimilarityScale([0.4, 0.4, 0.9, 1.7]);
    for (let d = 0; d < 2; d += 1e-3) expect(scale(d) - scale(d + 1e-3)).toBeLessThan(2e-3);
  });
});

describe('the similarity scale of a collection', () => {
  it('is made of all pairs where they are few', () => {
    const entries = createUnitVectors(20, dimension);
    const distances = entries.flatMap(({ vector }, i) =>
      entries.slice(i + 1).map(other => Math.sqrt(squaredDistance(vector, other.vector))),
    );
    const [expected, actual] = [
      createSimilarityScale(distances),
      measureSimilarityScale(createIndex(entries), { seed: 1 }),
    ];
    expect(distances).toHaveLength(190);
    for (const distance of [0.1, 0.7, 1.2, 1.41, 1.7, 1.99]) {
      expect(actual?.(distance)).toBeCloseTo(expected(distance), 12);
    }
  });

  it('is near the truth where pairs are many', () => {
    const entries = createUnitVectors(3000, dimension);
    const scale = measureSimilarityScale(createIndex(entries), { seed: 1 });
    // As many random pairs lie below √2 as above, whatever the dimension.
    expect(scale?.(Math.SQRT2)).toBeGreaterThan(0.48);
    expect(scale?.(Math.SQRT2)).toBeLessThan(0.52);
    expect(scale?.(0.2)).toBeGreaterThan(0.99);
  });

  it('depends on the vectors and the seed, not on the order they came in', () => {
    const entries = createUnitVectors(500, dimension);
    const values = (index: ExactIndex, seed: number) =>
      [0.3, 0.9, 1.4].map(distance => measureSimilarityScale(index, { seed })?.(distance));
    const one = values(createIndex(entries), 1);
    expect(values(createIndex([...entries].reverse()), 1)).toEqual(one);
    expect(values(createIndex(entries), 2)).not.toEqual(one);
  });

  it('is none for fewer than twenty items', () => {
    expect(
      measureSimilarityScale(createIndex(createUnitVectors(19, dimension)), { seed: 1 }),
    ).toBeUndefined();
    expect(measureSimilarityScale(createIndex(createUnitVectors(20, dimension)), { seed: 1 })).toBeDefined();
  });
});
