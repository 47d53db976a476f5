import { describe, expect, it } from 'vitest';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { fewestMeasured, measureFacilityCost } from '../../src/cluster/measure-facility-cost.js';
import { createRandom } from '../../src/math/random.js';
import { createTurns } from '../../src/take-turns.js';
import { blockOf } from '../fixtures/batches.js';

const takeTurn = createTurns();

/** `each` points around each of so many centres that are far from each other. */
function clumps(count: number, each: number) {
  const random = createRandom(`clumps ${count} ${each}`);
  return blockOf(
    Array.from({ length: count * each }, (_, i) => [
      10 * (i % count) + 0.3 * random.normal(),
      5 * ((i % count) % 3) + 0.3 * random.normal(),
    ]),
  );
}

describe('the facility cost that is measured', () => {
  it.each([3, 5, 8])('opens as many clusters as there are clumps: %i', async count => {
    const block = clumps(count, 12);
    const facilityCost = block.count * ((await measureFacilityCost(block, takeTurn)) as number);
    const { medoids, assignment } = await facilityLocation(block, { clusters: block.count, facilityCost });
    expect(medoids).toHaveLength(count);
    for (let i = 0; i < block.count; i++) expect(assignment[i]).toBe(assignment[i % count]);
  });

  it('is the same for each point where every point is there twice', async () => {
    const block = clumps(5, 12);
    const twice = { ...block, count: 120, data: Float32Array.from([...block.data, ...block.data]) };
    expect(await measureFacilityCost(twice, takeTurn)).toBe(await measureFacilityCost(block, takeTurn));
  });

  it('is none of too few points, nor of points that are all the same', async () => {
    expect(await measureFacilityCost(clumps(1, fewestMeasured - 1), takeTurn)).toBeUndefined();
    const equal = blockOf(Array.from({ length: 40 }, () => [1, 2]));
    expect(await measureFacilityCost(equal, takeTurn)).toBeUndefined();
  });
});
