import { describe, expect, it } from 'vitest';
import { measureMembers } from '../../src/cluster/measure-members.js';
import { createRandom } from '../../src/math/random.js';
import { createTurns } from '../../src/take-turns.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { measureAll } from '../fixtures/measured-distances.js';

describe('what members have to do with their clusters', () => {
  it('has the values worked out by hand', async () => {
    // Around 0 and 10; 4 is of 10 though 0 is nearer: (4 − 6) / 6.
    const block = blockOf([[0], [1], [4], [10], [5]]);
    const clusters = { medoids: Int32Array.of(0, 3), assignment: Int32Array.of(0, 0, 1, 1, 0) };
    const { distances, silhouettes } = await measureMembers(block, clusters, createTurns());
    expect([...distances]).toEqual([0, 1, 6, 0, 5]);
    const expected = [1, 8 / 9, -1 / 3, 1, 0];
    for (const [i, silhouette] of silhouettes.entries()) expect(silhouette).toBeCloseTo(expected[i], 6);
  });

  it('is none where there is one cluster, and 0 where two medoids are equal', async () => {
    const block = blockOf([[1], [1], [1]]);
    const one = { medoids: Int32Array.of(0), assignment: new Int32Array(3) };
    expect([...(await measureMembers(block, one, createTurns())).silhouettes]).toEqual([NaN, NaN, NaN]);
    const two = { medoids: Int32Array.of(0, 2), assignment: Int32Array.of(0, 0, 1) };
    expect([...(await measureMembers(block, two, createTurns())).silhouettes]).toEqual([0, 0, 0]);
  });

  it('is what one finds who compares each with each', async () => {
    const random = createRandom('members');
    const { block } = randomBatch(random, { count: 300, classes: 9, dimension: 7 });
    const medoids = Int32Array.from({ length: 11 }, (_, at) => 20 * at);
    const assignment = Int32Array.from({ length: 300 }, () => random.integer(11));
    const { distances } = measureAll(block);
    const measured = await measureMembers(block, { medoids, assignment }, createTurns());
    for (let i = 0; i < 300; i++) {
      const to = [...medoids].map(medoid => distances[i * 300 + medoid]);
      const [own] = to.splice(assignment[i], 1);
      const other = Math.min(...to);
      expect(measured.distances[i]).toBeCloseTo(own, 6);
      expect(measured.silhouettes[i]).toBeCloseTo((other - own) / Math.max(own, other), 5);
    }
  });
});
