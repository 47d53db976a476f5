import { describe, expect, it } from 'vitest';
import { meanInterval } from '../../src/math/mean-interval.js';

describe('the confidence interval of a mean', () => {
  it('is that of Student', () => {
    // Mean 3, s = √2.5, t = 2.7764 with 4 degrees of freedom: 2.7764 · √(2.5 / 5).
    const { mean, halfWidth, count } = meanInterval([1, 2, 3, 4, 5]);
    expect([mean, count]).toEqual([3, 5]);
    expect(halfWidth).toBeCloseTo(1.9632, 4);
    // Two measurements: t = 12.7062, s = √2 / 2 of a difference of 1.
    expect(meanInterval([1, 2]).halfWidth).toBeCloseTo(6.3531, 4);
  });

  it('is none of one measurement, 0 of equal ones, and narrow of many', () => {
    expect(meanInterval([0.25])).toEqual({ mean: 0.25, halfWidth: null, count: 1 });
    expect(meanInterval([2, 2, 2]).halfWidth).toBe(0);
    const many = Array.from({ length: 100 }, (_, i) => i % 2);
    // s = √(25 / 99); t as with 31 measurements.
    expect(meanInterval(many).halfWidth).toBeCloseTo((2.0423 * Math.sqrt(25 / 99)) / 10, 6);
    expect(() => meanInterval([])).toThrow(/at least one/);
  });
});
