import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { evaluateRetrieval } from '../../src/math/retrieval-metrics.js';
import { rowOf, squaredDistance, type VectorBlock } from '../../src/math/vectors.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';

/** Sorts everything for every query and counts, as the definitions read. */
function naiveMetrics(block: VectorBlock, labels: readonly number[], k: number) {
  let hits = 0;
  let precisions = 0;
  let queries = 0;
  for (let query = 0; query < block.count; query++) {
    const others = labels.map((_, i) => i).filter(i => i !== query);
    const total = others.filter(i => labels[i] === labels[query]).length;
    if (total === 0) continue;
    queries++;
    const away = (i: number): number => squaredDistance(rowOf(block, query), rowOf(block, i));
    const right = others.sort((a, b) => away(a) - away(b) || a - b).map(i => labels[i] === labels[query]);
    if (right.slice(0, k).includes(true)) hits++;
    for (let i = 1; i <= total; i++) {
      if (right[i - 1]) precisions += right.slice(0, i).filter(Boolean).length / i / total;
    }
  }
  return { recall: hits / queries, mapAtR: precisions / queries, queries };
}

describe('retrieval metrics', () => {
  it('have the values worked out by hand on a line', () => {
    // Queries 0 and 1 are each other's nearest; 2 meets the stranger 3 first; 3 meets 2 first, then 1, then 0.
    const block = blockOf([[0], [1], [4], [5]]);
    const { recallAt, mapAtR, queries, singletons } = evaluateRetrieval(block, [7, 7, 7, 8], [1, 2]);
    expect({ queries, singletons }).toEqual({ queries: 3, singletons: 1 });
    expect(recallAt[1]).toBeCloseTo(2 / 3, 12);
    expect(recallAt[2]).toBe(1);
    // Query 0: right, right → 1. Query 1: right, right → 1. Query 2: wrong, right → (0 + 1/2) / 2.
    expect(mapAtR).toBeCloseTo((1 + 1 + 0.25) / 3, 12);
  });

  it('equal their naive twin on random embeddings, ties among them', () => {
    for (let trial = 0; trial < 20; trial++) {
      const random = createRandom(`metrics/${trial}`);
      const { block, labels } = randomBatch(random, { count: 60, classes: 7, dimension: 3 });
      // Coarse numbers make many distances equal.
      const coarse = { ...block, data: block.data.map(value => Math.round(value * 2)) };
      for (const given of [block, coarse]) {
        const fast = evaluateRetrieval(given, labels, [1, 3]);
        for (const k of [1, 3]) {
          const naive = naiveMetrics(given, labels, k);
          expect(fast.recallAt[k]).toBeCloseTo(naive.recall, 12);
          expect(fast.mapAtR).toBeCloseTo(naive.mapAtR, 12);
          expect(fast.queries).toBe(naive.queries);
        }
      }
    }
  });

  it('leave the query out by identity, so a twin of another class counts against it', () => {
    const { recallAt } = evaluateRetrieval(blockOf([[0], [0], [9], [9.5]]), [1, 2, 1, 2], [1, 2, 3]);
    // At rank 2, queries 0 and 2 have met their own class; the tie at rank 2 goes to the lower position.
    expect(recallAt).toEqual({ 1: 0, 2: 0.5, 3: 1 });
  });

  it('are 0 of no query when every class has one image', () => {
    const { queries, singletons, recallAt } = evaluateRetrieval(blockOf([[0], [1]]), [0, 1], [1]);
    expect([queries, singletons, recallAt[1]]).toEqual([0, 2, 0]);
  });
});
