import { describe, expect, it } from 'vitest';
import { kMeans } from '../../src/cluster/k-means.js';
import { measureAgreement } from '../../src/math/agreement.js';
import { createRandom } from '../../src/math/random.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { plainKMeans } from '../oracles/plain-k-means.js';

describe('k-means', () => {
  it('finds clusters that are far apart', async () => {
    const random = createRandom('apart');
    const { block, labels } = randomBatch(random, { count: 120, classes: 6, dimension: 8, noise: 0.05 });
    const { assignment } = await kMeans(block, { clusters: 6, seed: 0 });
    expect(measureAgreement(assignment, labels).f1).toBe(1);
  });

  it('answers the inertia of its assignment, the sum of squares to the means', async () => {
    // {0, 2} and {10, 13}: means 1 and 11.5, inertia 2 + 4.5.
    const { assignment, inertia } = await kMeans(blockOf([[0], [2], [10], [13]]), { clusters: 2, seed: 3 });
    expect(assignment[0]).toBe(assignment[1]);
    expect(assignment[2]).toBe(assignment[3]);
    expect(inertia).toBeCloseTo(6.5, 6);
  });

  it.each([
    ['scattered', (value: number) => value],
    ['coarse, with many ties', (value: number) => Math.round(value * 2)],
    ['far from the origin', (value: number) => value * 1e-3 + 100],
    ['equal but for the last bits', (value: number) => value * 2 ** -22 + 1],
    ['all equal', () => 0.25],
    ['so large that float32 products overflow', (value: number) => value * 1e25],
  ])('puts every point where comparing all with all would: %s', async (_, change) => {
    for (const [count, classes, dimension, clusters] of [
      [1, 1, 2, 1],
      [40, 5, 1, 6],
      [300, 40, 3, 60],
      [300, 40, 33, 7],
    ]) {
      const { block } = randomBatch(createRandom(`plain/${count}`), { count, classes, dimension });
      const given = { ...block, data: block.data.map(change) };
      for (const seed of [0, 1]) {
        const options = { clusters, seed, starts: 2 };
        expect(await kMeans(given, options)).toEqual(plainKMeans(given, options));
      }
    }
  });

  it('gives a point between two centres to the first, whichever of them moved', async () => {
    for (let trial = 0; trial < 400; trial++) {
      const random = createRandom(`between/${trial}`);
      const points = Array.from({ length: 12 }, () => [random.integer(9), random.integer(3)]);
      const options = { clusters: 4, seed: trial, starts: 1 };
      expect(await kMeans(blockOf(points), options)).toEqual(plainKMeans(blockOf(points), options));
    }
  });

  it('is never worse with more starts, and the same for the same seed', async () => {
    const { block } = randomBatch(createRandom('starts'), { count: 80, classes: 10, dimension: 4 });
    const inertias: number[] = [];
    for (const starts of [1, 2, 4, 8]) {
      inertias.push((await kMeans(block, { clusters: 12, seed: 1, starts })).inertia);
    }
    for (let i = 1; i < inertias.length; i++) expect(inertias[i]).toBeLessThanOrEqual(inertias[i - 1]);
    expect(await kMeans(block, { clusters: 12, seed: 1 })).toEqual(
      await kMeans(block, { clusters: 12, seed: 1 }),
    );
  });

  it('takes fewer points than clusters, equal points, and none', async () => {
    expect((await kMeans(blockOf([[1], [2]]), { clusters: 5, seed: 0 })).inertia).toBe(0);
    expect((await kMeans(blockOf([[1], [1], [1]]), { clusters: 2, seed: 0 })).inertia).toBe(0);
    const none = { data: new Float32Array(0), count: 0, dimension: 3 };
    expect((await kMeans(none, { clusters: 2, seed: 0 })).assignment.length).toBe(0);
  });

  it('lets others have their turn, and stops when asked', async () => {
    const { block } = randomBatch(createRandom('turns'), { count: 3000, classes: 10, dimension: 32 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const asked = kMeans(block, { clusters: 500, seed: 0, starts: 50, signal: controller.signal });
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });
});
