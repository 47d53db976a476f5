import { describe, expect, it } from 'vitest';
import { calibrateDistances } from '../../../src/gallery/duplicates/calibrate-distances.js';
import { createSimilarityScale } from '../../../src/gallery/similarity-scale.js';

/** Of 10,000 pairs at 0.0001, 0.0002, …, 1 the similarity at d is 1 − d + 0.00005. */
const even = createSimilarityScale(Array.from({ length: 10_000 }, (_, i) => (i + 1) / 10_000));

describe('the distances of duplicates', () => {
  it('are those that one of 10,000 and one of 100 random pairs are within', () => {
    const { near, samePicture } = calibrateDistances(even);
    expect(near).toBeCloseTo(0.00015, 8);
    expect(samePicture).toBeCloseTo(0.01005, 8);
  });

  it('are fixed for a collection that is too small to measure', () => {
    expect(calibrateDistances(undefined)).toEqual({ near: 0.15, samePicture: 0.5 });
  });

  it('are as given, and the same picture is never looked for nearer by', () => {
    expect(calibrateDistances(undefined, 0.3)).toEqual({ near: 0.3, samePicture: 0.5 });
    expect(calibrateDistances(undefined, 0)).toEqual({ near: 0, samePicture: 0.5 });
    expect(calibrateDistances(even, 0.7)).toEqual({ near: 0.7, samePicture: 0.7 });
  });
});
