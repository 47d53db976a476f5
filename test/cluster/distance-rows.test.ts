import { describe, expect, it } from 'vitest';
import { DistanceRows } from '../../src/cluster/distance-rows.js';
import { PointDistances } from '../../src/cluster/point-distances.js';
import { pairwiseDistances } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import type { VectorBlock } from '../../src/math/vectors.js';
import { createTurns } from '../../src/take-turns.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';

const createBlock = (count: number, dimension: number): VectorBlock =>
  randomBatch(createRandom(`rows/${count}/${dimension}`), { count, classes: 5, dimension }).block;

const scaled = (block: VectorBlock, change: (value: number) => number): VectorBlock => ({
  ...block,
  data: block.data.map(change),
});

describe('distances of points', () => {
  it.each([
    ['as they come', (value: number) => value],
    ['far from the origin', (value: number) => 1000 + value],
    ['so large that products overflow', (value: number) => value * 1e20],
    ['so small that products vanish', (value: number) => value * 1e-25],
    ['near each other', (value: number) => 1 + value * 1e-4],
  ])('are off by a ten thousandth at most: %s', (_, change) => {
    const block = scaled(createBlock(40, 9), change);
    const { distances: truth } = pairwiseDistances(block);
    const distances = new PointDistances(block);
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) {
        const error = Math.abs(distances.measure(i, j) - truth[i * 40 + j]);
        expect(error).toBeLessThanOrEqual(1e-4 * truth[i * 40 + j]);
        expect(distances.measure(j, i)).toBe(distances.measure(i, j));
      }
    }
  });

  it('are 0 of equal points', () => {
    const distances = new PointDistances(
      blockOf([
        [0.1, 0.7],
        [0.3, 0.2],
        [0.1, 0.7],
      ]),
    );
    expect([distances.measure(0, 2), distances.measure(1, 1)]).toEqual([0, 0]);
  });

  it.each([1, 2, 15, 16, 17, 50])(
    'are the same in rows, kept or made in any order: %i points',
    async count => {
      const distances = new PointDistances(createBlock(count, 7));
      const [kept, made] = [new DistanceRows(distances), new DistanceRows(distances)];
      await kept.keepAll(createTurns());
      const points = Array.from({ length: count }, (_, i) => i);
      const inOrder = [
        ...points,
        ...points.filter(i => i % 3 !== 1),
        ...createRandom('order').shuffle([...points]),
      ];
      for (const i of inOrder) {
        const row = points.map(j => distances.measure(i, j));
        expect([...made.rowOf(i)]).toEqual(row);
        expect([...kept.rowOf(i)]).toEqual(row);
      }
    },
  );
});
