import { describe, expect, it } from 'vitest';
import { hardMaximum, logSumExp } from '../../src/math/log-sum-exp.js';

describe('maxima with their gradient', () => {
  it('are log Σ exp with softmax weights, or the largest with all of the weight', () => {
    const smooth = logSumExp([0, Math.log(3)]);
    expect(smooth.value).toBeCloseTo(Math.log(4), 12);
    expect([...smooth.weights]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
    expect(hardMaximum([1, 5, 2])).toEqual({ value: 5, weights: Float64Array.of(0, 1, 0) });
  });

  it('give the weight to the first of equals, or share it', () => {
    expect([...hardMaximum([2, 2, 2]).weights]).toEqual([1, 0, 0]);
    expect([...logSumExp([2, 2]).weights]).toEqual([0.5, 0.5]);
  });

  it('do not overflow, and stand at −∞ for nothing or for nothing but −∞', () => {
    expect(logSumExp([5000, -5000]).value).toBe(5000);
    for (const maximum of [logSumExp, hardMaximum]) {
      expect(maximum([]).value).toBe(Number.NEGATIVE_INFINITY);
      expect(maximum([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual({
        value: Number.NEGATIVE_INFINITY,
        weights: Float64Array.of(0, 0),
      });
    }
  });
});
