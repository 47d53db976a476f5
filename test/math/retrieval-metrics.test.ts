import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { type RankedQuery, visitRanks } from '../../src/math/relevant-ranks.js';
import { evaluateQueries, evaluateRetrieval } from '../../src/math/retrieval-metrics.js';
import { rowOf, squaredDistance, type VectorBlock } from '../../src/math/vectors.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { type PlainQuery, plainQueries } from '../oracles/plain-retrieval.js';

const rowsOf = ({ count }: VectorBlock): number[] => Array.from({ length: count }, (_, i) => i);

/** Sorts everything for every query and counts, as the definitions read. */
function naiveMetrics(
  block: VectorBlock,
  labels: readonly number[],
  k: number,
  { asked = rowsOf(block), gallery = rowsOf(block) } = {},
) {
  let hits = 0;
  let precisions = 0;
  let atK = 0;
  let atR = 0;
  let queries = 0;
  for (const query of asked) {
    const others = gallery.filter(i => i !== query);
    const total = others.filter(i => labels[i] === labels[query]).length;
    if (total === 0) continue;
    queries++;
    const away = (i: number): number => squaredDistance(rowOf(block, query), rowOf(block, i));
    const right = others.sort((a, b) => away(a) - away(b)).map(i => labels[i] === labels[query]);
    if (right.slice(0, k).includes(true)) hits++;
    atK += right.slice(0, k).filter(Boolean).length / k;
    atR += right.slice(0, total).filter(Boolean).length / total;
    for (let i = 1; i <= total; i++) {
      if (right[i - 1]) precisions += right.slice(0, i).filter(Boolean).length / i / total;
    }
  }
  const [recall, mapAtR, precision, rPrecision] = [hits, precisions, atK, atR].map(sum => sum / queries);
  return { recall, mapAtR, precision, rPrecision, queries };
}

describe('retrieval metrics', () => {
  it('have the values worked out by hand on a line', async () => {
    // Queries 0 and 1 are each other's nearest; 2 meets the stranger 3 first; 3 meets 2 first, then 1, then 0.
    const block = blockOf([[0], [1], [4], [5]]);
    const metrics = await evaluateRetrieval(block, [7, 7, 7, 8], { ks: [1, 2, 4] });
    const { recallAt, precisionAt, mapAtR, rPrecision, queries, singletons } = metrics;
    expect({ queries, singletons }).toEqual({ queries: 3, singletons: 1 });
    expect(recallAt[1]).toBeCloseTo(2 / 3, 12);
    expect(recallAt[2]).toBe(1);
    // Query 0: right, right → 1. Query 1: right, right → 1. Query 2: wrong, right → (0 + 1/2) / 2.
    expect(mapAtR).toBeCloseTo((1 + 1 + 0.25) / 3, 12);
    // R is 2: two, two and one of the two nearest are right.
    expect(rPrecision).toBeCloseTo((1 + 1 + 0.5) / 3, 12);
    expect(precisionAt[1]).toBeCloseTo((1 + 1 + 0) / 3, 12);
    expect(precisionAt[2]).toBeCloseTo((1 + 1 + 0.5) / 3, 12);
    // There are but three others; two of four are right all the same.
    expect(precisionAt[4]).toBe(0.5);
  });

  it('equal their naive twin on random embeddings, ties among them', async () => {
    for (let trial = 0; trial < 20; trial++) {
      const random = createRandom(`metrics/${trial}`);
      const { block, labels } = randomBatch(random, { count: 60, classes: 7, dimension: 3 });
      // Coarse numbers make many distances equal.
      const coarse = { ...block, data: block.data.map(value => Math.round(value * 2)) };
      for (const given of [block, coarse]) {
        const fast = await evaluateRetrieval(given, labels, { ks: [1, 3] });
        for (const k of [1, 3]) {
          const naive = naiveMetrics(given, labels, k);
          expect(fast.recallAt[k]).toBeCloseTo(naive.recall, 12);
          expect(fast.precisionAt[k]).toBeCloseTo(naive.precision, 12);
          expect(fast.mapAtR).toBeCloseTo(naive.mapAtR, 12);
          expect(fast.rPrecision).toBeCloseTo(naive.rPrecision, 12);
          expect(fast.queries).toBe(naive.queries);
        }
      }
    }
  });

  it('leave the query out by identity, so a twin of another class counts against it', async () => {
    const { recallAt } = await evaluateRetrieval(blockOf([[0], [0], [9], [9.5]]), [1, 2, 1, 2], {
      ks: [1, 2, 3],
    });
    // At rank 2, queries 0 and 2 have met their own class; the tie at rank 2 goes to the lower position.
    expect(recallAt).toEqual({ 1: 0, 2: 0.5, 3: 1 });
  });

  it('are 0 of no query when every class has one image', async () => {
    const { queries, singletons, recallAt } = await evaluateRetrieval(blockOf([[0], [1]]), [0, 1], {
      ks: [1],
    });
    expect([queries, singletons, recallAt[1]]).toEqual([0, 2, 0]);
  });
});

describe('ranks of the relevant items', () => {
  /** What the screening of distances must get right: near ties, ties, long and short vectors, and no room for it. */
  const shifted = (scale: number, shift: number) => (value: number) => value * scale + shift;
  it.each([
    ['scattered', shifted(1, 0)],
    ['coarse, with many ties', (value: number) => Math.round(value * 2)],
    ['far from the origin, where float32 dot products tell nothing', shifted(1e-3, 100)],
    ['equal but for the last bits', shifted(2 ** -22, 1)],
    ['all equal', () => 0.25],
    ['all zero', () => 0],
    ['tiny', shifted(1e-25, 0)],
    ['so large that float32 products overflow', shifted(1e25, 0)],
  ])('equal those of every distance in doubles: %s', async (_, change) => {
    for (const [count, dimension, classes] of [
      [1, 1, 1],
      [9, 1, 2],
      [150, 3, 20],
      [150, 70, 4],
    ]) {
      const { block, labels } = randomBatch(createRandom(`${count}`), { count, classes, dimension });
      const given = { ...block, data: block.data.map(change) };
      const rows = createRandom('rows').shuffle(rowsOf(block));
      const request = { queries: rows.slice(0, 40), gallery: rows.slice(count > 9 ? 20 : 0) };
      const found: PlainQuery[] = [];
      const visit = ({ ranks, ...query }: RankedQuery) => found.push({ ...query, ranks: [...ranks] });
      await visitRanks(given, labels, { ...request, visit });
      expect(found).toEqual(plainQueries(given, labels, request));
    }
  });
});

describe('queries against a gallery', () => {
  it('have the values worked out by hand on a line', async () => {
    // Gallery at 0 (class 7), 3 (8), 4 (7), 9 (9); the query at 1 meets 7, 8, 7; the query at 8 meets 9 first.
    const block = blockOf([[1], [8], [6], [0], [3], [4], [9]]);
    const labels = [7, 8, 5, 7, 8, 7, 9];
    const metrics = await evaluateQueries(block, labels, {
      ks: [1, 2, 3],
      queries: [0, 1, 2],
      gallery: [3, 4, 5, 6],
    });
    // The third asks for a class that the gallery does not have.
    expect(metrics).toMatchObject({ queries: 2, singletons: 1, recallAt: { 1: 0.5, 2: 0.5, 3: 1 } });
    // First query: R = 2, right at rank 1, wrong at rank 2 → 1/2. Second: R = 1, wrong → 0.
    expect(metrics.mapAtR).toBeCloseTo(0.25, 12);
  });

  it('equal their naive twin, whether the two overlap or not, in any order', async () => {
    for (let trial = 0; trial < 30; trial++) {
      const random = createRandom(`queries/${trial}`);
      const { block, labels } = randomBatch(random, { count: 50, classes: 6, dimension: 3 });
      const coarse = { ...block, data: block.data.map(value => Math.round(value * 2)) };
      const rows = random.shuffle(rowsOf(block));
      const [asked, gallery] = [rows.slice(0, 20), rows.slice(trial % 3 === 0 ? 20 : 10)];
      for (const k of [1, 4]) {
        const fast = await evaluateQueries(coarse, labels, { ks: [k], queries: asked, gallery });
        const naive = naiveMetrics(coarse, labels, k, { asked, gallery });
        expect(fast.recallAt[k]).toBeCloseTo(naive.recall, 12);
        expect(fast.precisionAt[k]).toBeCloseTo(naive.precision, 12);
        expect(fast.mapAtR).toBeCloseTo(naive.mapAtR, 12);
        expect(fast.rPrecision).toBeCloseTo(naive.rPrecision, 12);
        expect([fast.queries, fast.singletons]).toEqual([naive.queries, asked.length - naive.queries]);
      }
    }
  });

  it('are left out by identity only: a twin in the gallery is found, the item itself is not', async () => {
    const block = blockOf([[0], [0], [5]]);
    const ask = (gallery: number[]) => evaluateQueries(block, [1, 1, 1], { ks: [1], queries: [0], gallery });
    expect(await ask([1, 2])).toMatchObject({ queries: 1, recallAt: { 1: 1 }, mapAtR: 1 });
    expect(await ask([0])).toMatchObject({ queries: 0, singletons: 1 });
  });

  it('let others have their turn, and stop when asked', async () => {
    const { block, labels } = randomBatch(createRandom('turns'), { count: 6000, classes: 10, dimension: 64 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const asked = evaluateRetrieval(block, labels, { ks: [1], signal: controller.signal });
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });
});
