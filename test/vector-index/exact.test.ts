import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { squaredDistance } from '../../src/math/vectors.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import type { IndexedVector } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

function createIndex(entries: readonly IndexedVector[], dimension: number): ExactIndex {
  const index = new ExactIndex(dimension);
  index.add(entries);
  return index;
}

/** The nearest by sorting all. */
function sortAll(entries: readonly IndexedVector[], query: Float32Array, k: number): number[] {
  return entries
    .map(({ id, vector }) => ({ id, distance: Math.sqrt(squaredDistance(query, vector)) }))
    .sort((a, b) => a.distance - b.distance || a.id - b.id)
    .slice(0, k)
    .map(({ id }) => id);
}

describe('an exact search', () => {
  it('gives up no row that is among the nearest, in any dimension', () => {
    for (const dimension of [1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 100]) {
      const different = createUnitVectors(400, dimension, { seed: dimension });
      // In one dimension, and by these, many are equal.
      const equal = different.slice(0, 100).map(({ vector }, i) => ({ id: 1000 - i, vector }));
      const entries = [...different, ...equal];
      const index = createIndex(entries, dimension);
      for (const { vector: query } of createUnitVectors(5, dimension, { seed: 'queries' })) {
        for (const k of [1, 7, 450]) {
          expect(index.search(query, k).map(({ id }) => id)).toEqual(sortAll(entries, query, k));
        }
      }
    }
  });

  it('among some finds exactly the nearest of them, after removals too', () => {
    const dimension = 20;
    const property = fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, count) => {
      const random = createRandom(`among/${seed}`);
      const different = createUnitVectors(count, dimension, { seed });
      const equal = different.map(({ vector }, i) => ({ id: 200 + i, vector }));
      const index = createIndex([...different, ...equal], dimension);
      const removed = different.map(({ id }) => id).filter(() => random.next() < 0.3);
      index.remove(removed);
      const share = random.next();
      const ids = Array.from({ length: 300 }, (_, id) => id).filter(() => random.next() < share);
      const left = [...different, ...equal].filter(({ id }) => index.has(id) && ids.includes(id));
      const [{ vector: query }] = createUnitVectors(1, dimension, { seed: 'query' });
      const k = 1 + random.integer(2 * count);
      const expected = sortAll(left, query, k);
      for (const form of [new Set(ids), Uint32Array.from(ids), random.shuffle([...ids, ...ids])]) {
        expect(index.searchAmong(query, k, form).map(({ id }) => id)).toEqual(expected);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('among none, or among strangers, finds nothing', () => {
    const entries = createUnitVectors(3, 4);
    const index = createIndex(entries, 4);
    for (const ids of [[], [99, 100]]) expect(index.searchAmong(entries[0].vector, 2, ids)).toEqual([]);
    expect(new ExactIndex(4).searchAmong(entries[0].vector, 2, [1])).toEqual([]);
  });

  it('among some refuses what any search refuses', () => {
    const [{ vector }] = createUnitVectors(1, 4);
    const index = createIndex([{ id: 1, vector }], 4);
    expect(() => index.searchAmong(vector.slice(1), 1, [1])).toThrow(
      expect.objectContaining({ code: 'invalid-vector' }),
    );
    expect(() => index.searchAmong(vector, 0, [1])).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
