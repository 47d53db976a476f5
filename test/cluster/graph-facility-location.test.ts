import { describe, expect, it } from 'vitest';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { graphFacilityLocation } from '../../src/cluster/graph-facility-location.js';
import { NeighbourLists, type NeighbourTable } from '../../src/cluster/neighbour-lists.js';
import { PointDistances } from '../../src/cluster/point-distances.js';
import { assignToMedoids, facilityEnergy, pairwiseDistances } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import type { VectorBlock } from '../../src/math/vectors.js';
import { createTurns } from '../../src/take-turns.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { nearestTable, tableOf } from '../fixtures/nearest-table.js';

const listNeighbours = (
  block: VectorBlock,
  table: NeighbourTable,
  mostPairs = 1e6,
): Promise<NeighbourLists> =>
  NeighbourLists.create(new PointDistances(block), table, { mostPairs, takeTurn: createTurns() });

const reachedBy = (lists: NeighbourLists, point: number): number[] =>
  [...lists.reachOf(point).points].sort((a, b) => a - b);

describe('lists of neighbours', () => {
  // 0 ─ 1 ─ 2 ─ 3, and 4 alone.
  const line = blockOf([[0], [1], [3], [6], [50]]);
  const chain = tableOf([[1], [0, 2], [], [2, 3], []], 2);

  it('reach themselves, their neighbours either way and theirs', async () => {
    const lists = await listNeighbours(line, chain);
    expect([0, 1, 2, 3, 4].map(i => reachedBy(lists, i))).toEqual([
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [1, 2, 3],
      [4],
    ]);
    const { points, distances } = lists.reachOf(3);
    expect(new Map([...points].map((point, at) => [point, distances[at]]))).toEqual(
      new Map([
        [3, 0],
        [2, 3],
        [1, 5],
      ]),
    );
    expect(lists.farCost).toBe(5);
    expect(lists.meanReach).toBe(15 / 5);
  });

  it('are reached back by all they reach', async () => {
    const { block } = randomBatch(createRandom('lists'), { count: 80, classes: 4, dimension: 3 });
    const lists = await listNeighbours(block, nearestTable(block, 4));
    for (let i = 0; i < 80; i++) {
      for (const j of reachedBy(lists, i)) expect(reachedBy(lists, j)).toContain(i);
    }
  });

  it('stay short where all name the same neighbour, as equal points do', async () => {
    const equal = blockOf(Array.from({ length: 200 }, () => [1]));
    const star = tableOf(
      Array.from({ length: 200 }, (_, i) => [i === 0 ? 1 : 0]),
      1,
    );
    const lists = await listNeighbours(equal, star);
    expect(reachedBy(lists, 0)).toHaveLength(200);
    expect(reachedBy(lists, 7)).toEqual([0, 7]);
  });

  it('count two that name each other once', async () => {
    const table = tableOf(
      [
        [1, 2, 3],
        [0, 2, 3],
        [3, 0, 1],
        [2, 0, 1],
      ],
      3,
    );
    const four = blockOf([[0], [1], [3], [6]]);
    // Each has three neighbours: 4 · (1 + 3 + 9) pairs at the most, and 4 · (1 + 1 + 1) with one of each.
    expect((await listNeighbours(four, table, 52)).meanReach).toBe(4);
    expect((await listNeighbours(four, table, 12)).meanReach).toBe(2);
  });

  it('follow only the nearest where all would lead to too many', async () => {
    const { block } = randomBatch(createRandom('lists'), { count: 80, classes: 4, dimension: 3 });
    const table = nearestTable(block, 8);
    const [all, some] = [await listNeighbours(block, table), await listNeighbours(block, table, 80 * 30)];
    expect(some.meanReach).toBeLessThanOrEqual(30);
    expect(all.meanReach).toBeGreaterThan(some.meanReach);
    const one = await listNeighbours(block, table, 1);
    for (let i = 0; i < 80; i++) {
      expect(reachedBy(one, i)).toContain(table.neighbours[8 * i]);
      for (const j of reachedBy(one, i)) expect(reachedBy(some, i)).toContain(j);
    }
  });
});

describe('facility location on a graph of neighbours', () => {
  it('is facility location where all are neighbours of all', async () => {
    for (let trial = 0; trial < 20; trial++) {
      const random = createRandom(`full/${trial}`);
      const { block } = randomBatch(random, { count: 30, classes: 4, dimension: 3 });
      const clusters = 1 + random.integer(8);
      const table = nearestTable(block, 29);
      for (const facilityCost of [undefined, 2, 100]) {
        const { medoids } = await graphFacilityLocation(block, { clusters, facilityCost, table });
        expect([...medoids]).toEqual([
          ...(await facilityLocation(block, { clusters, facilityCost })).medoids,
        ]);
      }
    }
  });

  it('has nearly the sum of it with few neighbours', async () => {
    const { block } = randomBatch(createRandom('few'), { count: 400, classes: 20, dimension: 3 });
    const matrix = pairwiseDistances(block);
    for (const clusters of [10, 20, 60]) {
      const table = nearestTable(block, 8);
      const { medoids, assignment } = await graphFacilityLocation(block, { clusters, table });
      const dense = await facilityLocation(block, { clusters });
      const ratio = facilityEnergy(matrix, medoids) / facilityEnergy(matrix, dense.medoids);
      expect(new Set(medoids).size).toBe(clusters);
      expect(ratio).toBeLessThan(1.03);
      expect(assignment).toEqual(assignToMedoids(matrix, medoids));
    }
  });

  it('takes points without neighbours, fewer points than clusters, and none', async () => {
    const alone = blockOf([[0], [1], [9], [10]]);
    const nobody = tableOf([[], [], [], []], 1);
    const { medoids } = await graphFacilityLocation(alone, { clusters: 2, table: nobody });
    expect(new Set(medoids).size).toBe(2);
    const many = await graphFacilityLocation(alone, { clusters: 9, table: nobody });
    expect([...many.assignment].sort()).toEqual([0, 1, 2, 3]);
    const none = { data: new Float32Array(0), count: 0, dimension: 3 };
    const nothing = await graphFacilityLocation(none, { clusters: 2, table: tableOf([], 1) });
    expect(nothing.assignment.length).toBe(0);
  });
});
