import { describe, expect, it } from 'vitest';
import { chooseCount, countChoices } from '../../src/cluster/choose-count.js';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { graphFacilityLocation } from '../../src/cluster/graph-facility-location.js';
import { createRandom } from '../../src/math/random.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { measureAll } from '../fixtures/measured-distances.js';
import { nearestTable } from '../fixtures/nearest-table.js';
import { createGroups } from '../fixtures/point-groups.js';
import { naiveBySilhouette, naiveElbow, naiveGreedy } from '../oracles/naive-medoids.js';

const curveOf = (energies: number[], silhouettes = energies.map(() => 0)) => ({
  energies: Float64Array.from(energies),
  silhouettes: Float64Array.from(silhouettes),
});

describe('the number of clusters', () => {
  it('has the values worked out by hand', () => {
    // From 10 to 0 in four steps, the chord at 10, 7.5, 5, 2.5, 0; below it by 0, 5.5, 4, 2, 0.
    expect(chooseCount(curveOf([10, 2, 1, 0.5, 0]), 'elbow')).toBe(2);
    expect(chooseCount(curveOf([4, 3, 2, 1, 1], [0, 0.1, 0.4, 0.2, 0.4]), 'elbow')).toBe(4);
    expect(chooseCount(curveOf([4, 3, 2, 1, 1], [0, 0.1, 0.4, 0.2, 0.4]), 'silhouette')).toBe(3);
  });

  it('is one where more bring nothing', async () => {
    for (const by of countChoices) {
      expect(chooseCount(curveOf([3]), by)).toBe(1);
      expect(chooseCount(curveOf([0, 0, 0]), by)).toBe(1);
      for (const points of [[[1]], [[1], [1], [1], [1]]]) {
        expect((await facilityLocation(blockOf(points), { clusters: by })).medoids.length).toBe(1);
      }
    }
  });

  it.each([
    ['elbow', naiveElbow],
    ['silhouette', naiveBySilhouette],
  ] as const)('by %s is what one finds who counts everything from nothing', async (clusters, naive) => {
    const counts = new Set<number>();
    for (let trial = 0; trial < 40; trial++) {
      const random = createRandom(`count/${clusters}/${trial}`);
      const [count, classes] = [6 + random.integer(40), 2 + random.integer(6)];
      const { block } = randomBatch(random, { count, classes, dimension: 5, noise: 0.2 });
      const matrix = measureAll(block);
      const { medoids } = await facilityLocation(block, { clusters });
      expect(medoids.length).toBe(naive(matrix, naiveGreedy(matrix, Math.ceil(count / 2))));
      const mostClusters = 2 + random.integer(4);
      const fewer = await facilityLocation(block, { clusters, mostClusters });
      expect(fewer.medoids.length).toBe(naive(matrix, naiveGreedy(matrix, mostClusters)));
      counts.add(medoids.length);
    }
    expect(counts.size).toBeGreaterThan(3);
  });

  it.each(countChoices)('by %s is that of groups that lie apart, by all pairs and on the graph', async by => {
    for (const [groups, size] of [
      [2, 30],
      [7, 25],
      [40, 8],
    ]) {
      const block = createGroups(createRandom(`groups/${groups}`), { groups, size });
      const found = await facilityLocation(block, { clusters: by });
      const table = nearestTable(block, 8);
      for (const { medoids, assignment } of [
        found,
        await graphFacilityLocation(block, { clusters: by, table }),
      ]) {
        expect(medoids.length).toBe(groups);
        const groupOf = (row: number): number => Math.floor(row / size);
        for (const [row, cluster] of assignment.entries())
          expect(groupOf(medoids[cluster])).toBe(groupOf(row));
      }
    }
  });

  it('chosen, has the very clusters that are found when it is asked for', async () => {
    const { block } = randomBatch(createRandom('same'), { count: 120, classes: 9, dimension: 4 });
    for (const clusters of countChoices) {
      const found = await facilityLocation(block, { clusters });
      expect(await facilityLocation(block, { clusters: found.medoids.length })).toEqual(found);
    }
  });

  it('tells how far it is, up to the whole', async () => {
    const { block } = randomBatch(createRandom('progress'), { count: 60, classes: 5, dimension: 4 });
    const shares: number[] = [];
    await facilityLocation(block, { clusters: 'elbow', onProgress: share => shares.push(share) });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
  });
});
