import { describe, expect, it } from 'vitest';
import { nearestRows } from '../../src/math/nearest-rows.js';
import { projectEmbeddings } from '../../src/math/project-embeddings.js';
import { createRandom } from '../../src/math/random.js';
import { rowOf, squaredDistance, stackVectors, type VectorBlock } from '../../src/math/vectors.js';

/** Points around `groups` far corners, the i-th point in group i mod `groups`: [count, 8]. */
function createGroups(count: number, { groups = 1, spread = 0.1, seed = 0 } = {}): VectorBlock {
  const random = createRandom(`groups/${seed}`);
  const rows = Array.from({ length: count }, (_, i) =>
    Float32Array.from({ length: 8 }, (_, d) => (d === i % groups ? 3 : 0) + spread * random.normal()),
  );
  return stackVectors(rows, 8);
}

const distanceIn = (block: VectorBlock, i: number, j: number): number =>
  Math.sqrt(squaredDistance(rowOf(block, i), rowOf(block, j)));

describe('the map of embeddings', () => {
  it.each([20, 12])('puts %d points of two well-separated groups apart', async count => {
    const map = await projectEmbeddings(createGroups(count, { groups: 2 }), { seed: 0 });
    expect([map.count, map.dimension, map.data.length]).toEqual([count, 2, 2 * count]);
    for (let i = 0; i < count; i++) {
      const others = Array.from({ length: count }, (_, j) => j).filter(j => j !== i);
      const nearest = others.reduce((best, j) =>
        distanceIn(map, i, j) < distanceIn(map, i, best) ? j : best,
      );
      expect(nearest % 2).toBe(i % 2);
    }
  });

  it('keeps three large groups apart', async () => {
    const map = await projectEmbeddings(createGroups(150, { groups: 3 }), { seed: 1 });
    const candidates = Array.from({ length: 150 }, (_, i) => i);
    for (const i of candidates) {
      const near = nearestRows(map, i, { candidates, count: 10 });
      expect(near.filter(({ row }) => row % 3 !== i % 3)).toEqual([]);
    }
  });

  it.each([40, 9])('is the same for the same seed at %d points', async count => {
    const block = createGroups(count);
    const [first, again] = await Promise.all([1, 2].map(() => projectEmbeddings(block, { seed: 7 })));
    expect(again.data).toEqual(first.data);
  });

  it('is another one for another seed', async () => {
    const block = createGroups(40);
    const [first, other] = await Promise.all([7, 8].map(seed => projectEmbeddings(block, { seed })));
    expect(other.data).not.toEqual(first.data);
  });

  it.each([0, 1, 2, 3])('keeps all distances of %d points', async count => {
    const block = createGroups(count, { spread: 1 });
    const map = await projectEmbeddings(block, { seed: 0 });
    expect(map.data).toHaveLength(2 * count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) expect(distanceIn(map, i, j)).toBeCloseTo(distanceIn(block, i, j), 4);
    }
  });

  it.each([5, 15, 16, 60])('stays finite when all %d points are one', async count => {
    const block = stackVectors(
      Array.from({ length: count }, () => Float32Array.of(0.6, 0.8)),
      2,
    );
    const { data } = await projectEmbeddings(block, { seed: 0 });
    expect(data).toHaveLength(2 * count);
    expect(data.every(Number.isFinite)).toBe(true);
  });

  it('stops when asked', async () => {
    const asked = projectEmbeddings(createGroups(2000), { seed: 0, signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('the nearest rows', () => {
  it('are in order of distance, then of the candidates, without the row itself', () => {
    const block = stackVectors(
      [0, 3, 1, -1, 0, 7].map(x => Float32Array.of(x)),
      1,
    );
    const near = nearestRows(block, 0, { candidates: [5, 3, 2, 1, 0, 4], count: 4 });
    expect(near).toEqual([
      { row: 4, distance: 0 },
      { row: 3, distance: 1 },
      { row: 2, distance: 1 },
      { row: 1, distance: 3 },
    ]);
    expect(nearestRows(block, 0, { candidates: [0], count: 4 })).toEqual([]);
  });
});
