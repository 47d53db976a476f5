import { describe, expect, it } from 'vitest';
import { findNeighbours } from '../../src/gallery/find-neighbours.js';
import { stackVectors } from '../../src/math/vectors.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { atAngle } from '../fixtures/placed-items.js';

/** Five items, farther and farther apart, each with three strangers at its own place. */
function createCrowd() {
  const places = [0, 10, 21, 33, 46].map(atAngle);
  const exact = new ExactIndex(16);
  for (const [i, vector] of places.entries()) {
    exact.add([0, 1, 2, 3].map(stranger => ({ id: 1 + 4 * i + stranger, vector })));
  }
  const items = places.map((_, i) => ({
    ...{ itemId: i + 1, vectorId: 4 + 4 * i, label: null, imageSha256: '', width: 1, height: 1, bytes: 1 },
  }));
  return { exact, embeddings: { items, block: stackVectors(places, 16) } };
}

describe('the neighbours of items', () => {
  const { exact, embeddings } = createCrowd();
  const rowsOf = async (amongThem: boolean): Promise<number[][]> => {
    const search = { vectors: { exact }, width: 2, amongThem, signal: new AbortController().signal };
    const { neighbours } = await findNeighbours(embeddings, { ...search, onProgress: () => undefined });
    return embeddings.items.map((_, row) => [...neighbours.subarray(2 * row, 2 * row + 2)]);
  };

  it('are the nearest among them, whoever else is nearer', async () => {
    expect(await rowsOf(true)).toEqual([
      [1, 2],
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 2],
    ]);
  });

  it('of all are those of them that are found', async () => {
    expect((await rowsOf(false)).flat().every(row => row === -1)).toBe(true);
  });
});
