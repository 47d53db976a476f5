import { describe, expect, it } from 'vitest';
import { DistanceRows } from '../../src/cluster/distance-rows.js';
import { type Facility, noGroups, type PointGroups } from '../../src/cluster/facility.js';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { type ImprovedFacilities, improveFacilities } from '../../src/cluster/improve-facilities.js';
import { NeighbourLists } from '../../src/cluster/neighbour-lists.js';
import { PointDistances } from '../../src/cluster/point-distances.js';
import { pairwiseDistances } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import type { VectorBlock } from '../../src/math/vectors.js';
import { createTurns } from '../../src/take-turns.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { isAllowed, leastCost, naiveCost, stepsFrom } from '../oracles/naive-facilities.js';

const free = (...points: number[]): Facility[] => points.map(point => ({ point, group: -1, pinned: false }));
const takeTurn = createTurns();

function improve(
  block: VectorBlock,
  start: readonly Facility[],
  facilityCost: number,
  groups: PointGroups = noGroups(block.count),
): Promise<ImprovedFacilities> {
  const distances = new PointDistances(block);
  const rows = new DistanceRows(distances);
  return improveFacilities(distances, start, { candidates: rows, rows, groups, facilityCost, takeTurn });
}

const pointsOf = ({ facilities }: ImprovedFacilities): number[] =>
  facilities.map(({ point }) => point).sort((a, b) => a - b);

/** Points on a line. */
const line = (...values: number[]): VectorBlock => blockOf(values.map(value => [value]));

const batches = Array.from({ length: 12 }, (_, seed) => {
  const random = createRandom(`improve ${seed}`);
  const { block } = randomBatch(random, { count: 11, classes: 3, dimension: 2 });
  const start = Array.from({ length: 11 }, (_, i) => i).filter(() => random.next() < 0.5);
  return {
    seed,
    block,
    start: start.length === 0 ? [random.integer(11)] : start,
    cost: 0.05 + random.next(),
  };
});

/** Two groups at random, with held points, some of them pinned, beside free points. */
function drawGroups(seed: number, count: number): { groups: PointGroups; start: Facility[] } {
  const random = createRandom(`groups ${seed}`);
  const groups = noGroups(count);
  for (let i = 0; i < count; i++) {
    groups.memberOf[i] = random.integer(4) - 2 < 0 ? -1 : random.integer(2);
    groups.held[i] = groups.memberOf[i] >= 0 && random.next() < 0.6 ? 1 : 0;
  }
  for (const [group, point] of [
    [0, 0],
    [1, 1],
  ])
    groups.memberOf[point] = group;
  groups.memberOf[2] = -1;
  groups.held[2] = 0;
  return {
    groups,
    start: [
      { point: 0, group: 0, pinned: random.next() < 0.5 },
      { point: 1, group: 1, pinned: false },
      { point: 2, group: -1, pinned: false },
    ],
  };
}

describe('the search from facilities that are there', () => {
  it('takes away those that do not pay, of two next to each other the one that serves less', async () => {
    const found = await improve(line(0, 1, 2, 10), free(0, 1, 2, 3), 4);
    expect(pointsOf(found)).toEqual([1, 3]);
    expect([...found.assignment].map(position => found.facilities[position].point)).toEqual([1, 1, 1, 3]);
    expect(found.steps).toMatchObject({ removed: 2, added: 0 });
  });

  it('puts one beside the others where many are far from all', async () => {
    const found = await improve(line(0, 10, 11, 12), free(0), 5);
    expect(pointsOf(found)).toEqual([0, 2]);
    expect(found.steps.added).toBe(1);
  });

  it('moves one to the middle of those it serves', async () => {
    const found = await improve(line(0, 1, 2), free(0), 5);
    expect(pointsOf(found)).toEqual([1]);
    expect(found.steps).toEqual({ removed: 0, added: 0, swapped: 1 });
  });

  it('leaves things as they are where a step gains no more than is asked for', async () => {
    const block = line(0, 1, 2);
    const distances = new PointDistances(block);
    const rows = new DistanceRows(distances);
    const pointsAfter = async (leastGain: number): Promise<number[]> => {
      const options = { candidates: rows, rows, groups: noGroups(3), facilityCost: 5, leastGain, takeTurn };
      return pointsOf(await improveFacilities(distances, free(0), options));
    };
    // From 0 + 1 + 2 to 1 + 0 + 1.
    expect([await pointsAfter(0.9), await pointsAfter(1)]).toEqual([[1], [0]]);
  });

  it('keeps one for points that are all the same', async () => {
    const found = await improve(line(0, 0, 0), free(0, 1, 2), 1e-3);
    expect(found.facilities).toHaveLength(1);
    expect([...found.assignment]).toEqual([0, 0, 0]);
  });

  it.each(batches)('ends where no single step of any kind is better (batch $seed)', async batch => {
    const { block, start, cost } = batch;
    const problem = { matrix: pairwiseDistances(block), facilityCost: cost, groups: noGroups(block.count) };
    const found = await improve(block, free(...start), cost);
    const reached = naiveCost(problem, found.facilities);
    expect(reached).toBeLessThanOrEqual(naiveCost(problem, free(...start)) + 1e-6);
    for (const step of stepsFrom(problem, found.facilities)) {
      if (isAllowed(problem, [], step)) expect(naiveCost(problem, step)).toBeGreaterThan(reached - 1e-5);
    }
    // Arya et al. 2004, theorem 4.3.
    expect(reached).toBeLessThanOrEqual(3 * leastCost(problem) + 1e-6);
    expect(await improve(block, found.facilities, cost)).toEqual({
      ...found,
      steps: { removed: 0, added: 0, swapped: 0 },
    });
  });

  it.each(batches)(
    'keeps to the groups, and ends where no step that they allow is better (batch $seed)',
    async batch => {
      const { block, seed, cost } = batch;
      const { groups, start } = drawGroups(seed, block.count);
      const problem = { matrix: pairwiseDistances(block), facilityCost: cost, groups };
      const found = await improve(block, start, cost, groups);
      expect(isAllowed(problem, start, found.facilities)).toBe(true);
      const reached = naiveCost(problem, found.facilities);
      expect(reached).toBeLessThanOrEqual(naiveCost(problem, start) + 1e-6);
      for (const step of stepsFrom(problem, found.facilities)) {
        if (isAllowed(problem, start, step)) expect(naiveCost(problem, step)).toBeGreaterThan(reached - 1e-5);
      }
      for (const [i, position] of found.assignment.entries()) {
        if (groups.held[i] === 1) expect(found.facilities[position].group).toBe(groups.memberOf[i]);
      }
    },
  );

  it('costs about as much as the offline search at that facility cost, wherever it starts', async () => {
    const { block } = randomBatch(createRandom('offline'), { count: 400, classes: 12, dimension: 6 });
    const groups = noGroups(400);
    const problem = { matrix: pairwiseDistances(block), facilityCost: 3, groups };
    const offline = await facilityLocation(block, { clusters: 400, facilityCost: 3 });
    const aim = naiveCost(problem, free(...offline.medoids));
    for (const start of [[0], Array.from({ length: 400 }, (_, i) => i), [5, 17, 80, 300]]) {
      const { facilities } = await improve(block, free(...start), 3);
      expect(naiveCost(problem, facilities)).toBeLessThan(1.02 * aim);
    }
  });

  it('makes the true cost less with candidates that reach near points only', async () => {
    const { block } = randomBatch(createRandom('near only'), { count: 300, classes: 10, dimension: 4 });
    const distances = new PointDistances(block);
    const rows = new DistanceRows(distances);
    const neighbours = Int32Array.from({ length: 300 * 6 }, (_, at) => (Math.floor(at / 6) * 7 + at) % 300);
    const table = { neighbours, width: 6 };
    const candidates = await NeighbourLists.create(distances, table, { mostPairs: 1e6, takeTurn });
    const groups = noGroups(300);
    const problem = { matrix: pairwiseDistances(block), facilityCost: 2, groups };
    const start = free(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const options = { candidates, rows, groups, facilityCost: 2, takeTurn };
    const { facilities } = await improveFacilities(distances, start, options);
    expect(naiveCost(problem, facilities)).toBeLessThan(naiveCost(problem, start));
  });

  it('stops when it is told to', async () => {
    const { block } = randomBatch(createRandom('stop'), { count: 200, classes: 4, dimension: 8 });
    const distances = new PointDistances(block);
    const rows = new DistanceRows(distances);
    const takeNone = (): never => {
      throw new Error('stopped');
    };
    const options = { candidates: rows, rows, groups: noGroups(200), facilityCost: 1, takeTurn: takeNone };
    await expect(improveFacilities(distances, free(0), options)).rejects.toThrow('stopped');
  });
});
