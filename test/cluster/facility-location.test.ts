import { describe, expect, it } from 'vitest';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { clustererNames, findClusterer } from '../../src/cluster/index.js';
import { assignToMedoids, facilityEnergy, pairwiseDistances } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { measureAll } from '../fixtures/measured-distances.js';
import { bestEnergy, naiveGreedy, naiveSwaps } from '../oracles/naive-medoids.js';

describe('clustering by facility location', () => {
  it('has the values worked out by hand', async () => {
    // {−11, −10, −8}, {0, 1, 2} and {9, 10, 11}: the middle ones, 7 in all (PAPER.md's example on a line).
    const block = blockOf([[-11], [-10], [-8], [0], [1], [2], [9], [10], [11]]);
    const { medoids, assignment } = await facilityLocation(block, { clusters: 3 });
    expect([...medoids].sort()).toEqual([1, 4, 7]);
    expect(assignment[0]).toBe(assignment[2]);
    expect(assignment[0]).not.toBe(assignment[3]);
    // Greedy takes the middle of all, 0.5, and cannot take it back; −10 and 10 serve all at 2 + 9.5 + 3 = 14.5.
    const pairs = blockOf([[-11], [-10], [-9], [0.5], [9], [10], [11], [11]]);
    expect(naiveGreedy(pairwiseDistances(pairs), 2)).toContain(3);
    expect([...(await facilityLocation(pairs, { clusters: 2 })).medoids].sort()).toEqual([1, 5]);
  });

  it('leaves no swap that would be better, is never worse than greedy, and is often the best there is', async () => {
    let best = 0;
    for (let trial = 0; trial < 60; trial++) {
      const random = createRandom(`tiny/${trial}`);
      const [count, clusters] = [5 + random.integer(6), 1 + random.integer(4)];
      const { block } = randomBatch(random, { count, classes: 3, dimension: 2 });
      const matrix = pairwiseDistances(block);
      const { medoids, assignment } = await facilityLocation(block, { clusters });
      const energy = facilityEnergy(matrix, medoids);
      const optimum = bestEnergy(matrix, clusters);
      expect(new Set(medoids).size).toBe(clusters);
      expect(energy).toBeLessThanOrEqual(optimum + 1e-12);
      expect(energy).toBeGreaterThanOrEqual(facilityEnergy(matrix, naiveGreedy(matrix, clusters)) - 1e-12);
      expect(assignment).toEqual(assignToMedoids(matrix, medoids));
      for (let position = 0; position < clusters; position++) {
        for (let j = 0; j < count; j++) {
          expect(facilityEnergy(matrix, medoids.with(position, j))).toBeLessThanOrEqual(energy + 1e-9);
        }
      }
      if (energy > optimum - 1e-9) best++;
    }
    expect(best).toBeGreaterThan(50);
  });

  it('keeps its promises on many points, ties among them', async () => {
    const { block } = randomBatch(createRandom('many'), { count: 150, classes: 20, dimension: 3 });
    for (const given of [block, { ...block, data: block.data.map(value => Math.round(value * 2)) }]) {
      const matrix = pairwiseDistances(given);
      for (const clusters of [1, 2, 20, 149, 150]) {
        const { medoids } = await facilityLocation(given, { clusters });
        expect(new Set(medoids).size).toBe(clusters);
        const greedy = facilityEnergy(matrix, naiveGreedy(matrix, clusters));
        expect(facilityEnergy(matrix, medoids)).toBeGreaterThanOrEqual(greedy - 1e-9);
        // No swap is looked for.
        if (clusters === 1 || clusters === 150) {
          expect([...medoids]).toEqual(naiveGreedy(measureAll(given), clusters));
        }
      }
    }
  });

  it('swaps as one does who counts every sum from nothing', async () => {
    for (let trial = 0; trial < 30; trial++) {
      const random = createRandom(`swaps/${trial}`);
      const [count, clusters] = [20 + random.integer(20), 2 + random.integer(6)];
      const { block } = randomBatch(random, { count, classes: 6, dimension: 3 });
      const matrix = measureAll(block);
      const { medoids } = await facilityLocation(block, { clusters });
      expect([...medoids]).toEqual(naiveSwaps(matrix, naiveGreedy(matrix, clusters)));
    }
  });

  it('opens no cluster that saves less than it costs', async () => {
    // All to 1, then −10 saves 11 + 11 + 7, 10 saves 7 + 9 + 9, and −8, first of those that save most, saves 2.
    const block = blockOf([[-11], [-10], [-8], [0], [1], [2], [9], [10], [11]]);
    const countAt = async (facilityCost: number, clusters = 9): Promise<number> =>
      (await facilityLocation(block, { clusters, facilityCost })).medoids.length;
    expect(await Promise.all([100, 29, 28, 25, 24, 2, 1.9].map(cost => countAt(cost)))).toEqual([
      1, 1, 2, 2, 3, 3, 4,
    ]);
    expect(await countAt(0, 2)).toBe(2);
    for (let trial = 0; trial < 20; trial++) {
      const random = createRandom(`cost/${trial}`);
      const batch = randomBatch(random, { count: 40, classes: 6, dimension: 3 });
      const facilityCost = 4 * random.next();
      const { medoids } = await facilityLocation(batch.block, { clusters: 40, facilityCost });
      expect(medoids.length).toBe(naiveGreedy(measureAll(batch.block), 40, facilityCost).length);
    }
  });

  it('takes fewer points than clusters, equal points, and none', async () => {
    expect([...(await facilityLocation(blockOf([[1], [2]]), { clusters: 5 })).assignment].sort()).toEqual([
      0, 1,
    ]);
    expect((await facilityLocation(blockOf([[1], [1], [1]]), { clusters: 2 })).assignment.length).toBe(3);
    const none = { data: new Float32Array(0), count: 0, dimension: 3 };
    expect((await facilityLocation(none, { clusters: 2 })).assignment.length).toBe(0);
  });
});

describe.each(clustererNames)('the clusterer %s', name => {
  it('lets others have their turn, and stops when asked', async () => {
    const { block } = randomBatch(createRandom('turns'), { count: 3000, classes: 10, dimension: 64 });
    const controller = new AbortController();
    const cluster = findClusterer(name, block.count);
    setTimeout(() => controller.abort(), 20);
    const asked = cluster(block, { clusters: 300, seed: 0, signal: controller.signal });
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('the clusterers', () => {
  it('refuse what would not fit', () => {
    expect(() => findClusterer('facility-location', 30_001)).toThrow(/at most 30000 images/);
    expect(findClusterer('facility-location', 30_000)).toBe(facilityLocation);
  });
});
