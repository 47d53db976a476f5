import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MedoidError } from '../../src/errors.js';
import { createTurns } from '../../src/take-turns.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex, maxRemovedShare } from '../../src/vector-index/hnsw.js';
import { NativeGraph } from '../../src/vector-index/native-graph.js';
import type { VectorIndex } from '../../src/vector-index/vector-index.js';
import { createGate } from '../fixtures/gate.js';
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
  afterEach(() => vi.restoreAllMocks());
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

  it('finds what lies beyond many equal vectors', () => {
    const [{ vector }] = createUnitVectors(1, dimension, { seed: 'equal' });
    const [graph, twin] = [new HnswIndex(dimension), new ExactIndex(dimension)];
    for (const each of [graph, twin]) {
      each.add(Array.from({ length: 2000 }, (_, i) => ({ id: 10_000 + i, vector })));
      each.add(entries.slice(0, 200));
    }
    expect(recallAgainst(twin, graph)).toBeGreaterThan(0.95);
    expect(graph.search(vector, 20).every(({ distance }) => distance === 0)).toBe(true);
  });

  it('compares with every vector when the graph does not reach enough, with those that wait too', async () => {
    const short = new HnswIndex(dimension);
    short.add(entries.slice(0, 100));
    const original = NativeGraph.prototype.search;
    vi.spyOn(NativeGraph.prototype, 'search').mockImplementation(function (this: NativeGraph, query, count) {
      return original.call(this, query, count).slice(1);
    });
    const saving = short.save(join(folder, 'short.hnsw'), 'model@1');
    short.add(entries.slice(100, 110));
    short.remove([2, 102]);
    expect(short.search(entries[0].vector, 1)).toEqual([{ id: 1, distance: 0 }]);
    expect(short.search(entries[100].vector, 1)).toEqual([{ id: 101, distance: 0 }]);
    expect(short.search(entries[0].vector, 500)).toHaveLength(108);
    await saving;
    expect(short.search(entries[100].vector, 1)).toEqual([{ id: 101, distance: 0 }]);
  });

  it.each([
    ['a bit of a vector that is searched for', 96 + 4 + 4 * 32 + 1, /vector 1 is not what it should be/],
    ['a label, to one that is not there', 96 + 4 + 4 * 32 + 4 * dimension + 2, /is not expected/],
  ])('is not taken for saved when the disk flips %s', async (_, position, reason) => {
    const path = join(folder, 'flipped.hnsw');
    const original = NativeGraph.prototype.write;
    vi.spyOn(NativeGraph.prototype, 'write').mockImplementation(async function (
      this: NativeGraph,
      temporary,
    ) {
      await original.call(this, temporary);
      const written = await readFile(temporary);
      written[position] ^= 1;
      await writeFile(temporary, written);
    });
    const flipped = new HnswIndex(dimension);
    flipped.add(entries.slice(0, 100));
    await expect(flipped.save(path, 'model@1')).rejects.toThrow(reason);
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });

  it('drops removed vectors once they are more than the limit', async () => {
    const path = join(folder, 'compact.hnsw');
    const shrunk = new HnswIndex(dimension);
    expect(shrunk.removedShare).toBe(0);
    shrunk.add(entries.slice(0, 1000));
    const limit = maxRemovedShare * 1000;
    shrunk.remove(entries.slice(0, limit).map(entry => entry.id));
    await shrunk.compact(createTurns());
    await shrunk.save(path, 'model@1');
    const read = async () => JSON.parse(await readFile(join(folder, 'compact.json'), 'utf8'));
    expect(await read()).toMatchObject({ count: 1000, lastVectorId: 1000 });
    shrunk.remove([limit + 1]);
    expect(shrunk.removedShare).toBe((limit + 1) / 1000);
    await shrunk.compact(createTurns());
    expect(shrunk.removedShare).toBe(0);
    await shrunk.save(path, 'model@1');
    expect(await read()).toMatchObject({ count: 999 - limit, removedIds: [], lastVectorId: 1000 });
    expect(() => shrunk.add([entries[0]])).toThrow(/never used, got 1/);
    const loaded = await HnswIndex.load(path, { modelId: 'model@1', dimension });
    expect(loaded.search(entries[999].vector, 1)).toEqual([{ id: 1000, distance: 0 }]);
  });

  it('finds as many of the true neighbours after half of the vectors were replaced, built anew or not', async () => {
    for (const limit of [0, maxRemovedShare, 1]) {
      const [graph, twin] = [new HnswIndex(dimension), new ExactIndex(dimension)];
      const both = [graph, twin];
      for (const each of both) each.add(entries.slice(0, 2000));
      const before = recallAgainst(twin, graph);
      for (let from = 0; from < 1000; from += 250) {
        for (const each of both) each.remove(entries.slice(from, from + 250).map(({ id }) => id));
        for (const each of both) each.add(entries.slice(2000 + from, 2250 + from));
      }
      await graph.compact(createTurns(), limit);
      expect(recallAgainst(twin, graph)).toBeGreaterThan(before - 0.01);
    }
  });

  it('stays in use when building anew is stopped', async () => {
    const path = join(folder, 'stopped.hnsw');
    const [stopped, twin] = [new HnswIndex(dimension), new ExactIndex(dimension)];
    const both = [stopped, twin];
    for (const each of both) each.add(entries.slice(0, 600));
    for (const each of both) each.remove(entries.slice(0, 300).map(({ id }) => id));
    let turns = 0;
    const takeTurn = (): undefined => {
      turns++;
      if (turns === 50) for (const each of both) each.add(entries.slice(600, 700));
      if (turns === 60) for (const each of both) each.remove([301, 599, 650]);
      if (turns === 100) throw new MedoidError('interrupted', 'stopped on request');
    };
    await expect(stopped.compact(takeTurn)).rejects.toThrow(/stopped on request/);
    expect(turns).toBe(100);
    const same = () => {
      for (const { vector } of entries.slice(300, 320)) {
        expect(stopped.search(vector, 5).map(({ id }) => id)).toEqual(
          twin.search(vector, 5).map(({ id }) => id),
        );
      }
    };
    same();
    for (const each of both) each.remove([302]);
    await stopped.save(path, 'model@1');
    expect([...(await HnswIndex.load(path, { modelId: 'model@1', dimension })).ids()]).toEqual(
      [...twin.ids()].sort((a, b) => a - b),
    );
    await stopped.compact(createTurns());
    expect([stopped.removedShare, stopped.size]).toEqual([0, 396]);
    same();
  });

  it('is saved after it was built anew, and built anew after it was saved', async () => {
    const path = join(folder, 'both.hnsw');
    const count = async () => JSON.parse(await readFile(join(folder, 'both.json'), 'utf8')).count;
    const both = new HnswIndex(dimension);
    both.add(entries.slice(0, 500));
    both.remove(entries.slice(0, 300).map(({ id }) => id));
    const first = both.save(path, 'model@1');
    const gate = createGate();
    const compacted = both.compact(() => gate.pass());
    const second = compacted.then(() => both.save(path, 'model@1'));
    both.add(entries.slice(500, 600));
    both.remove([301]);
    await first;
    await gate.reached();
    expect([await count(), both.removedShare]).toEqual([500, 301 / 600]);
    gate.stayOpen();
    await compacted;
    const third = both.save(path, 'model@1');
    await Promise.all([second, third]);
    expect([await count(), both.size, both.removedShare]).toEqual([299, 299, 0]);
  });

  it('is saved without a second graph, and without a change while another thread reads it', async () => {
    const path = join(folder, 'thread.hnsw');
    const saved = new HnswIndex(dimension);
    saved.add(entries.slice(0, 1000));
    const calls: string[] = [];
    const methods = ['write', 'add', 'remove', 'reserve'] as const;
    for (const method of methods) {
      const original = NativeGraph.prototype[method] as (...given: unknown[]) => unknown;
      vi.spyOn(NativeGraph.prototype, method).mockImplementation(function (
        this: NativeGraph,
        ...given: unknown[]
      ) {
        calls.push(method);
        const result = original.apply(this, given);
        if (result instanceof Promise) return result.finally(() => calls.push('written'));
        return result as undefined;
      });
    }
    const read = vi.spyOn(NativeGraph, 'read');
    const saving = saved.save(path, 'model@1');
    saved.add(entries.slice(1000, 1002));
    saved.remove([1, 1002]);
    expect(calls).toEqual(['write']);
    await saving;
    expect(calls).toEqual(['write', 'written', 'remove', 'reserve', 'add']);
    expect(read).not.toHaveBeenCalled();
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
