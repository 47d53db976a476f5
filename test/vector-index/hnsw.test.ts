import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTurns } from '../../src/take-turns.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { VectorIndex } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 64;
const k = 10;

/** Share of the true `k` nearest that `index` finds. */
function recallAgainst(exact: VectorIndex, index: VectorIndex): number {
  const queries = createUnitVectors(100, dimension, { seed: 'queries' });
  let found = 0;
  for (const { vector } of queries) {
    const truth = new Set(exact.search(vector, k).map(hit => hit.id));
    found += index.search(vector, k).filter(hit => truth.has(hit.id)).length;
  }
  return found / (queries.length * k);
}

describe('hnsw index', () => {
  const entries = createUnitVectors(5000, dimension, { seed: 1 });
  const exact = new ExactIndex(dimension);
  const index = new HnswIndex(dimension);
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-hnsw-'));
    exact.add(entries);
    index.add(entries);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('finds at least 95 % of the true neighbours among 5,000 random vectors', () => {
    expect(recallAgainst(exact, index)).toBeGreaterThanOrEqual(0.95);
  });

  it('finds them too after saving and loading, which forgets the width of the search', async () => {
    const path = join(folder, 'whole.hnsw');
    await index.save(path, 'model@1');
    const loaded = await HnswIndex.load(path, { modelId: 'model@1', dimension });
    expect(recallAgainst(exact, loaded)).toBe(recallAgainst(exact, index));
  });

  it('answers k among vectors that are all the same', () => {
    const [{ vector }] = entries;
    const same = new HnswIndex(dimension);
    same.add(Array.from({ length: 1500 }, (_, i) => ({ id: i, vector })));
    same.add(createUnitVectors(100, dimension, { firstId: 2000 }));
    for (const count of [10, 200, 1600]) {
      expect(new Set(same.search(vector, count).map(hit => hit.id)).size).toBe(count);
    }
  });

  it('drops removed vectors once they outnumber the others', async () => {
    const path = join(folder, 'compact.hnsw');
    const shrunk = new HnswIndex(dimension);
    shrunk.add(entries.slice(0, 1000));
    shrunk.remove(entries.slice(0, 500).map(entry => entry.id));
    await shrunk.compact(createTurns());
    await shrunk.save(path, 'model@1');
    const read = async () => JSON.parse(await readFile(join(folder, 'compact.json'), 'utf8'));
    expect(await read()).toMatchObject({ count: 1000, lastVectorId: 1000 });
    shrunk.remove([501]);
    await shrunk.compact(createTurns());
    await shrunk.save(path, 'model@1');
    expect(await read()).toMatchObject({ count: 499, removedIds: [], lastVectorId: 1000 });
    const loaded = await HnswIndex.load(path, { modelId: 'model@1', dimension });
    expect(loaded.search(entries[999].vector, 1)).toEqual([{ id: 1000, distance: 0 }]);
  });

  it('is built anew in turns, and follows what is added and removed meanwhile', async () => {
    const shrunk = new HnswIndex(dimension);
    const twin = new ExactIndex(dimension);
    const both = [shrunk, twin];
    for (const each of both) each.add(entries.slice(0, 1200));
    for (const each of both) each.remove(entries.slice(0, 700).map(({ id }) => id));
    let turns = 0;
    const takeTurn = (): undefined => {
      turns++;
      // Some that are in the new graph already, some that are not, more than it was made for, and one that is removed again.
      const changes = turns === 100 ? { add: entries.slice(1200, 2500), remove: [701, 1200] } : undefined;
      for (const each of changes === undefined ? [] : both) {
        each.add(changes?.add ?? []);
        each.remove(changes?.remove ?? []);
      }
      if (turns === 300) for (const each of both) each.remove([1300, 705]);
      if (turns === 300) expect(shrunk.search(entries[1999].vector, 1)[0].id).toBe(2000);
    };
    await shrunk.compact(takeTurn);
    expect(turns).toBeGreaterThan(1700);
    expect([...shrunk.ids()].sort()).toEqual([...twin.ids()].sort());
    expect(recallAgainst(twin, shrunk)).toBeGreaterThan(0.9);
    await shrunk.save(join(folder, 'followed.hnsw'), 'model@1');
    const read = JSON.parse(await readFile(join(folder, 'followed.json'), 'utf8'));
    // Of those removed only those are left that the new graph had.
    expect(read.removedIds.sort()).toEqual([701, 705]);
    const loaded = await HnswIndex.load(join(folder, 'followed.hnsw'), { modelId: 'model@1', dimension });
    expect(recallAgainst(shrunk, loaded)).toBe(1);
  });
});
