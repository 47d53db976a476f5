import { describe, expect, it } from 'vitest';
import { createClassTally } from '../../src/math/class-tally.js';

describe('the tally of classes', () => {
  it('has the values worked out by hand, worst first, with what each is mistaken for', () => {
    const tally = createClassTally();
    // Ranks 1 and 3 of R = 2: MAP@R 1/2 · 1, R-precision 1/2.
    tally.count({ label: 'tea', ranks: [1, 3], relevant: 2, nearestLabel: 'tea' });
    // Rank 2 of R = 2: MAP@R 1/2 · 1/2, R-precision 1/2.
    tally.count({ label: 'tea', ranks: [2, 9], relevant: 2, nearestLabel: 'milk' });
    tally.count({ label: 'tea', ranks: [3, 4], relevant: 2, nearestLabel: 'cola' });
    tally.count({ label: 'tea', ranks: [7], relevant: 2, nearestLabel: 'cola' });
    tally.count({ label: 'milk', ranks: [1], relevant: 1, nearestLabel: 'milk' });
    // Nothing was found: by nobody mistaken.
    tally.count({ label: 'cola', ranks: [], relevant: 1, nearestLabel: undefined });
    expect(tally.worst(9)).toEqual([
      { label: 'cola', queries: 1, recallAt1: 0, rPrecision: 0, mapAtR: 0, mistakenFor: null },
      {
        ...{ label: 'tea', queries: 4, recallAt1: 1 / 4, rPrecision: 1 / 4, mapAtR: (1 / 2 + 1 / 4) / 4 },
        mistakenFor: { label: 'cola', queries: 2 },
      },
      { label: 'milk', queries: 1, recallAt1: 1, rPrecision: 1, mapAtR: 1, mistakenFor: null },
    ]);
    expect(tally.worst(1)).toMatchObject([{ label: 'cola' }]);
    expect(tally.worst(0)).toEqual([]);
  });

  it('puts equally bad ones, and equally frequent mistakes, in the order of their names', () => {
    const tally = createClassTally();
    for (const label of ['b', 'c', 'a'])
      for (const nearestLabel of ['z', 'y']) tally.count({ label, ranks: [2], relevant: 1, nearestLabel });
    // Of the same MAP@R, but one of its queries finds its own.
    tally.count({ label: 'd', ranks: [1], relevant: 1e300, nearestLabel: 'd' });
    const worst = tally.worst(9);
    expect(worst.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd']);
    expect(worst[0].mistakenFor).toEqual({ label: 'y', queries: 1 });
  });
});
