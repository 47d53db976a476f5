import { describe, expect, it } from 'vitest';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { evaluateThroughIndex } from '../../src/evaluation/evaluate-through-index.js';
import { visitNearestDistances } from '../../src/evaluation/nearest-distances.js';
import { createRandom } from '../../src/math/random.js';
import { everyRow, type RetrievalRows } from '../../src/math/relevant-ranks.js';
import { evaluateQueries } from '../../src/math/retrieval-metrics.js';
import { normalise, rowOf, squaredDistance, type VectorBlock } from '../../src/math/vectors.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { Hit } from '../../src/vector-index/vector-index.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';

const exact = { name: 'exact', create: (dimension: number) => new ExactIndex(dimension) };
const hnsw = { name: 'hnsw', create: (dimension: number) => new HnswIndex(dimension) };

/** The exact index, but that what it answers is changed on the way. */
const createFaulty = (change: (hits: Hit[], k: number) => Hit[]) => ({
  name: 'faulty',
  create: (dimension: number) =>
    new (class extends ExactIndex {
      override search(query: Float32Array, k: number): Hit[] {
        return change(super.search(query, k), k);
      }
    })(dimension),
});

/** Unit vectors of few directions: many are equal, and many distances between others are. */
function coarseBatch(seed: string, { count, classes }: { count: number; classes: number }) {
  const { block, labels } = randomBatch(createRandom(seed), { count, classes, dimension: 3 });
  const data = block.data.map(value => Math.round(value * 1.5));
  for (let i = 0; i < count; i++) {
    const row = data.subarray(3 * i, 3 * i + 3);
    if (row.every(value => value === 0)) row[0] = 1;
    normalise(row);
  }
  return { block: { ...block, data }, labels };
}

describe('evaluation through an index', () => {
  it('equals the exact one to the last bit through the exact index, ties and all', async () => {
    for (let trial = 0; trial < 20; trial++) {
      const random = createRandom(`through/${trial}`);
      const shape = { count: 60, classes: 7, dimension: 3 };
      for (const { block, labels } of [randomBatch(random, shape), coarseBatch(`through/${trial}`, shape)]) {
        const rows = random.shuffle([...labels.keys()]);
        const parts: RetrievalRows[] = [
          everyRow(shape.count),
          { queries: rows.slice(0, 20), gallery: rows.slice(20) },
          { queries: rows.slice(0, 30), gallery: rows.slice(15) },
        ];
        // R is below, between and above these; the last is more than there are.
        for (const ks of [[1], [1, 5], [3, 100]]) {
          for (const part of parts) {
            const expected = await evaluateQueries(block, labels, { ks, ...part });
            const actual = await evaluateThroughIndex(block, labels, { ks, ...part, ...exact });
            expect(actual).toMatchObject(expected);
            expect(Object.values(actual.nearestFoundAt)).toEqual(ks.map(() => 1));
          }
        }
      }
    }
  });

  it('counts by the same definitions what an index misses, as worked out by hand', async () => {
    // In degrees: query 0 has 10 (same class), 20 (stranger), 30 (same), 50 (stranger) as neighbours.
    const onCircle = (degrees: number) => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ];
    const block = blockOf([0, 10, 20, 30, 50].map(onCircle));
    const labels = [7, 7, 8, 7, 8];
    const asked = { ks: [1, 2, 3], queries: [0], gallery: [0, 1, 2, 3, 4] };
    // Position 1, the nearest but for the query itself, is never found.
    const blind = createFaulty(hits => hits.filter(({ id }) => id !== 1));
    const quality = await evaluateThroughIndex(block, labels, { ...asked, ...blind });
    // It finds: stranger, own. R = 2: only rank 2 of the two nearest is right, so MAP@R = 1/2 · 1/2.
    expect(quality).toMatchObject({
      recallAt: { 1: 0, 2: 1, 3: 1 },
      precisionAt: { 1: 0, 2: 1 / 2, 3: 1 / 3 },
      rPrecision: 1 / 2,
      mapAtR: 1 / 4,
      queries: 1,
      singletons: 0,
    });
    // Of the nearest 1, 2 and 3, it finds 0, 1 and 2: the search was for 4 with the query itself, and answered 3.
    expect(quality.nearestFoundAt).toEqual({ 1: 0, 2: 1 / 2, 3: 2 / 3 });
  });

  it('counts any of equally near ones as found, and none that is farther', async () => {
    // Two neighbours of the query are at one place, and one is across.
    const block = blockOf([
      [1, 0],
      [0, 1],
      [0, 1],
      [-1, 0],
    ]);
    const ask = async (...found: number[]) => {
      const answering = createFaulty(() => found.map(id => ({ id, distance: 0 })));
      const asked = { ks: [1, 2, 3], queries: [0], gallery: [0, 1, 2, 3], ...answering };
      return (await evaluateThroughIndex(block, [1, 1, 1, 1], asked)).nearestFoundAt;
    };
    expect(await ask(0, 1, 2, 3)).toEqual({ 1: 1, 2: 1, 3: 1 });
    expect(await ask(0, 2)).toEqual({ 1: 1, 2: 1 / 2, 3: 1 / 3 });
    expect(await ask(3)).toEqual({ 1: 0, 2: 0, 3: 1 / 3 });
    expect(await ask(0)).toEqual({ 1: 0, 2: 0, 3: 0 });
  });

  it('leaves the query out by identity even if the index does not find it, and takes no neighbour too many', async () => {
    // Four at one place: the query, of the highest position, is not among the two nearest.
    const block = blockOf([
      [1, 0],
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    const asked = { ks: [1], queries: [3], gallery: [0, 1, 2, 3] };
    const quality = await evaluateThroughIndex(block, [1, 2, 2, 2], { ...asked, ...exact });
    const expected = await evaluateQueries(block, [1, 2, 2, 2], asked);
    expect(quality).toMatchObject(expected);
    expect(quality.recallAt[1]).toBe(0);
    expect(quality.precisionAt[1]).toBe(0);
  });

  it('asks for the largest K, and again only where R is larger', async () => {
    const { block, labels } = randomBatch(createRandom('asked'), { count: 40, classes: 2, dimension: 4 });
    const asked: number[] = [];
    const watched = createFaulty((hits, k) => {
      asked.push(k);
      return hits;
    });
    const queries = [labels.indexOf(0), labels.indexOf(1)];
    const gallery = [...labels.keys()];
    const sizes = [0, 1].map(label => labels.filter(other => other === label).length);
    const ask = async (ks: number[], from: number[]): Promise<number[]> => {
      asked.length = 0;
      await evaluateThroughIndex(block, labels, { ks, queries, gallery: from, ...watched });
      return asked;
    };
    // One more for the query itself, and one as a server does; R is one less than its class. The last two are timed.
    expect(await ask([2, 5], gallery)).toEqual([7, sizes[0] + 1, 7, sizes[1] + 1, 5, 5]);
    expect(await ask([35], gallery)).toEqual([37, 37, 35, 35]);
    const others = gallery.filter(row => !queries.includes(row));
    expect(await ask([35], others)).toEqual([36, 36, 35, 35]);
  });

  it('is near the exact one through the graph, and stays within it', async () => {
    const { block, labels } = randomBatch(createRandom('graph'), { count: 2000, classes: 40, dimension: 16 });
    const ks = [1, 10, 100];
    const quality = await evaluateEmbeddings(block, Int32Array.from(labels), { ks, seed: 0, index: hnsw });
    const { index } = quality;
    expect(index).toMatchObject({ name: 'hnsw', queries: quality.queries, singletons: quality.singletons });
    for (const k of ks) {
      expect(index?.nearestFoundAt[k]).toBeGreaterThan(0.98);
      expect(index?.nearestFoundAt[k]).toBeLessThanOrEqual(1);
      expect(index?.recallAt[k]).toBeCloseTo(quality.recallAt[k], 2);
      expect(index?.precisionAt[k]).toBeCloseTo(quality.precisionAt[k], 2);
    }
    expect(index?.mapAtR).toBeCloseTo(quality.mapAtR, 2);
    expect(index?.queriesPerSecond.index).toBeGreaterThan(0);
    expect(index?.queriesPerSecond.exact).toBeGreaterThan(0);
  });

  it('is left out unless an index is given', async () => {
    const { block, labels } = randomBatch(createRandom('none'), { count: 30, classes: 3, dimension: 4 });
    const quality = await evaluateEmbeddings(block, Int32Array.from(labels), { ks: [1], seed: 0 });
    expect(Object.keys(quality)).not.toContain('index');
  });

  it('refuses vectors that an index cannot hold', async () => {
    const asked = { ks: [1], ...everyRow(3), ...hnsw };
    const evaluated = evaluateThroughIndex(blockOf([[1], [2], [3]]), [1, 1, 1], asked);
    await expect(evaluated).rejects.toMatchObject({ code: 'invalid-vector' });
  });

  it('stops when asked', async () => {
    const shape = { count: 3000, classes: 10, dimension: 64 };
    const { block, labels } = randomBatch(createRandom('stop'), shape);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const asked = { ks: [1], signal: controller.signal, ...everyRow(shape.count), ...hnsw };
    await expect(evaluateThroughIndex(block, labels, asked)).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('distances to the nearest', () => {
  const plain = (block: VectorBlock, { queries, gallery }: RetrievalRows, count: number): number[][] =>
    Array.from(queries, query =>
      Array.from(gallery)
        .filter(row => row !== query)
        .map(row => squaredDistance(rowOf(block, query), rowOf(block, row)))
        .sort((a, b) => a - b)
        .slice(0, count),
    );

  it.each([
    ['scattered', (value: number) => value],
    ['coarse, with many ties', (value: number) => Math.round(value * 2)],
    ['equal but for the last bits', (value: number) => 1 + value * 2 ** -22],
    ['so large that float32 products overflow', (value: number) => value * 1e25],
  ])('equal those of every distance in doubles: %s', async (_, change) => {
    const { block, labels } = randomBatch(createRandom('nearest'), { count: 150, classes: 9, dimension: 5 });
    const given = { ...block, data: block.data.map(change) };
    const rows = createRandom('rows').shuffle([...labels.keys()]);
    const request = { queries: rows.slice(0, 40), gallery: rows.slice(20) };
    for (const count of [1, 7, 1000]) {
      const found: number[][] = [];
      const visit = (i: number, distances: readonly number[]): void => {
        found[i] = [...distances];
      };
      await visitNearestDistances(given, { ...request, count, visit });
      expect(found).toEqual(plain(given, request, count));
    }
  });
});
