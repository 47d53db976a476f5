import { describe, expect, it } from 'vitest';
import { probeRecall } from '../../src/gallery/probe-recall.js';
import { createTurns } from '../../src/take-turns.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { IndexedVector, VectorIndex } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 8;
const takeTurn = createTurns();

const fill = <Index extends VectorIndex>(index: Index, entries: readonly IndexedVector[]): Index => {
  index.add(entries);
  return index;
};

describe('the probe of recall', () => {
  const entries = createUnitVectors(400, dimension);
  const exact = fill(new ExactIndex(dimension), entries);

  it('is 1 for an index that misses nothing, of whatever precision', async () => {
    for (const graph of [exact, fill(new HnswIndex(dimension), entries)]) {
      expect(await probeRecall({ graph, exact, seed: 1, takeTurn })).toBe(1);
    }
  });

  it('is the share that an index finds', async () => {
    /** Finds every second one. */
    const search = (query: Float32Array, k: number) =>
      exact.search(query, 2 * k).filter((_, i) => i % 2 === 0);
    const graph: VectorIndex = Object.create(exact, { search: { value: search } });
    // Itself and the 2nd, 4th, … nearest: 5 of the 10.
    expect(await probeRecall({ graph, exact, seed: 1, takeTurn })).toBe(0.5);
    // Of the three nearest the 2nd.
    expect(await probeRecall({ graph, exact, k: 3, samples: 400, seed: 1, takeTurn })).toBeCloseTo(1 / 3, 12);
  });

  it('lets any of equally near ones do', async () => {
    const [{ vector }] = entries;
    const same = Array.from({ length: 100 }, (_, id) => ({ id, vector }));
    const every = fill(new ExactIndex(dimension), same);
    const search = (query: Float32Array, k: number) => every.search(query, 100).slice(-k);
    const graph: VectorIndex = Object.create(every, { search: { value: search } });
    expect(await probeRecall({ graph, exact: every, seed: 1, takeTurn })).toBe(1);
  });

  it('asks as many as it is told to, the same ones with the same seed', async () => {
    const askedWith = async (seed: number): Promise<number[]> => {
      const asked: number[] = [];
      const search = (query: Float32Array, k: number) => {
        const hits = exact.search(query, k);
        asked.push(hits[0].id);
        return hits;
      };
      const graph: VectorIndex = Object.create(exact, { search: { value: search } });
      await probeRecall({ graph, exact, samples: 20, seed, takeTurn });
      return asked;
    };
    const asked = await askedWith(1);
    expect(new Set(asked).size).toBe(20);
    expect(await askedWith(1)).toEqual(asked);
    expect(await askedWith(2)).not.toEqual(asked);
  });

  it('is the whole of what there is where neighbours are fewer than k, and nothing where there are none', async () => {
    const two = fill(new ExactIndex(dimension), entries.slice(0, 2));
    expect(await probeRecall({ graph: two, exact: two, seed: 1, takeTurn })).toBe(1);
    const one = fill(new ExactIndex(dimension), entries.slice(0, 1));
    expect(await probeRecall({ graph: one, exact: one, seed: 1, takeTurn })).toBeUndefined();
  });

  it('gives others their turn, passes over what they remove, and ends when it is told to', async () => {
    const every = fill(new ExactIndex(dimension), entries.slice(0, 60));
    const removeOne = (): undefined => {
      const [first] = every.ids();
      every.remove([first]);
    };
    expect(await probeRecall({ graph: every, exact: every, seed: 1, takeTurn: removeOne })).toBe(1);
    const stop = () => Promise.reject(new Error('stopped'));
    await expect(probeRecall({ graph: exact, exact, seed: 1, takeTurn: stop })).rejects.toThrow('stopped');
  });
});
