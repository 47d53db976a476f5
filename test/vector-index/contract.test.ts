import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { squaredDistance } from '../../src/math/vectors.js';
import type { IndexedVector, VectorIndex } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';
import { drivers } from './drivers.js';

const dimension = 8;
const modelId = 'model@1';
const identity = { modelId, dimension };

describe.each(drivers)('$name index', ({ create, load }) => {
  let folder: string;
  let files = 0;
  const freshPath = (): string => join(folder, `${++files}.bin`);
  const manifestOf = (path: string): string => path.replace('.bin', '.json');
  const createFilled = (entries: readonly IndexedVector[]): VectorIndex => {
    const index = create(entries[0].vector.length);
    index.add(entries);
    return index;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-index-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('answers nothing when empty', () => {
    const index = create(dimension);
    const [query] = createUnitVectors(1, dimension);
    expect(index.search(query.vector, 5)).toEqual([]);
    expect(index.size).toBe(0);
    expect([...index.ids()]).toEqual([]);
  });

  it('finds the nearest first, with Euclidean distances', () => {
    const index = create(2);
    index.add([
      { id: 3, vector: Float32Array.of(1, 0) },
      { id: 7, vector: Float32Array.of(0, 1) },
      { id: 5, vector: Float32Array.of(-1, 0) },
    ]);
    const hits = index.search(Float32Array.of(1, 0), 3);
    expect(hits.map(hit => hit.id)).toEqual([3, 7, 5]);
    expect(hits[0].distance).toBe(0);
    expect(hits[1].distance).toBeCloseTo(Math.SQRT2, 6);
    expect(hits[2].distance).toBeCloseTo(2, 6);
  });

  it('agrees with a comparison of every pair', () => {
    const entries = createUnitVectors(300, dimension);
    const index = createFilled(entries);
    for (const { vector: query } of createUnitVectors(20, dimension, { seed: 'queries' })) {
      const expected = entries
        .map(({ id, vector }) => ({ id, distance: Math.sqrt(squaredDistance(query, vector)) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 10);
      const hits = index.search(query, 10);
      expect(hits.map(hit => hit.id)).toEqual(expected.map(hit => hit.id));
      for (const [i, hit] of hits.entries()) expect(hit.distance).toBeCloseTo(expected[i].distance, 5);
    }
  });

  it('puts the lower id first at equal distance', () => {
    const index = create(2);
    for (const id of [9, 2, 4]) index.add([{ id, vector: Float32Array.of(0, 1) }]);
    expect(index.search(Float32Array.of(0, 1), 3).map(hit => hit.id)).toEqual([2, 4, 9]);
  });

  it('answers everything when k exceeds the size', () => {
    const index = createFilled(createUnitVectors(5, dimension));
    const [query] = createUnitVectors(1, dimension, { seed: 'query' });
    for (const k of [5, 6, 5000]) expect(index.search(query.vector, k)).toHaveLength(5);
  });

  it('grows beyond its first capacity', () => {
    const entries = createUnitVectors(2100, dimension);
    const index = create(dimension);
    for (let i = 0; i < entries.length; i += 700) index.add(entries.slice(i, i + 700));
    expect(index.size).toBe(2100);
    for (const { id, vector } of entries.filter((_, i) => i % 100 === 0)) {
      expect(index.search(vector, 1)).toEqual([{ id, distance: 0 }]);
      expect(index.vector(id)).toEqual(vector);
    }
  });

  it('takes one more than there are places for', () => {
    const entries = createUnitVectors(1025, dimension);
    const index = createFilled(entries.slice(0, 1024));
    index.add(entries.slice(1024));
    expect(index.search(entries[1024].vector, 1)).toEqual([{ id: 1025, distance: 0 }]);
    index.remove([1025]);
    expect([index.size, index.search(entries[0].vector, 5000).length]).toEqual([1024, 1024]);
  });

  it('never finds what was removed, and still answers k', () => {
    const entries = createUnitVectors(400, dimension);
    const index = createFilled(entries);
    const removed = entries.filter((_, i) => i % 10 !== 0).map(entry => entry.id);
    index.remove(removed);
    expect(index.size).toBe(40);
    for (const { vector } of createUnitVectors(20, dimension, { seed: 'queries' })) {
      const hits = index.search(vector, 40);
      expect(new Set(hits.map(hit => hit.id)).size).toBe(40);
      for (const { id } of hits) expect(removed).not.toContain(id);
    }
    index.remove([...index.ids()]);
    expect(index.search(entries[0].vector, 3)).toEqual([]);
  });

  it('takes a removed vector back under a new id, not under the old one', () => {
    const entries = createUnitVectors(10, dimension);
    const index = createFilled(entries);
    index.remove([4]);
    const { vector } = entries[3];
    expect(() => index.add([{ id: 4, vector }])).toThrow(/never used, got 4/);
    index.add([{ id: 11, vector }]);
    expect(index.search(vector, 1)).toEqual([{ id: 11, distance: 0 }]);
    expect([index.size, index.lastId]).toEqual([10, 11]);
  });

  it('refuses to remove or read what is not there, changing nothing', () => {
    const index = createFilled(createUnitVectors(3, dimension));
    expect(() => index.remove([1, 99])).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(() => index.vector(99)).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(index.size).toBe(3);
    index.remove([2, 2]);
    expect([index.size, index.has(2)]).toEqual([2, false]);
  });

  const good = createUnitVectors(1, dimension)[0].vector;
  const withEntry = (value: unknown): Float32Array => {
    const vector = Float32Array.from(good);
    vector[3] = value as number;
    return vector;
  };
  const badVectors: [string, unknown][] = [
    ['NaN', withEntry(Number.NaN)],
    ['an infinity', withEntry(Number.POSITIVE_INFINITY)],
    ['a length other than 1', good.map(value => 1.01 * value)],
    ['only zeros', new Float32Array(dimension)],
    ['too few numbers', good.slice(1)],
    ['too many numbers', Float32Array.of(...good, 0)],
    ['no numbers', new Float32Array(0)],
    ['text in a plain array', Array.from(good, String)],
    ['a hole in a plain array', Object.assign([...good], { length: dimension - 1 })],
    ['nothing at all', undefined],
  ];
  it.each(badVectors)('refuses a vector with %s, added or searched for', (_, bad) => {
    const index = createFilled([{ id: 1, vector: good }]);
    const refusal = expect.objectContaining({ code: 'invalid-vector' });
    const batch = [
      { id: 2, vector: good },
      { id: 3, vector: bad as Float32Array },
    ];
    expect(() => index.add(batch)).toThrow(refusal);
    expect(() => index.search(bad as Float32Array, 1)).toThrow(refusal);
    expect([...index.ids()]).toEqual([1]);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN, '1' as unknown as number])('refuses the id %s', id => {
    const index = create(dimension);
    expect(() => index.add([{ id, vector: good }])).toThrow(
      expect.objectContaining({ code: 'invalid-vector' }),
    );
    expect(index.size).toBe(0);
  });

  it('takes the lowest and the highest id', () => {
    const index = createFilled([
      { id: 0, vector: good },
      { id: 2 ** 32 - 1, vector: good },
    ]);
    expect(index.search(good, 2).map(hit => hit.id)).toEqual([0, 2 ** 32 - 1]);
  });

  it('refuses an id twice, in one call or in two', () => {
    const index = createFilled([{ id: 1, vector: good }]);
    expect(() => index.add([{ id: 1, vector: good }])).toThrow(/got 1/);
    const twice = [
      { id: 2, vector: good },
      { id: 2, vector: good },
    ];
    expect(() => index.add(twice)).toThrow(/got 2/);
    expect(index.size).toBe(1);
  });

  it.each([0, -1, 2.5, Number.NaN])('refuses k = %s', k => {
    const index = createFilled([{ id: 1, vector: good }]);
    expect(() => index.search(good, k)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('keeps to a plain map under a random sequence of adds and removes', () => {
    const random = createRandom('sequence');
    const index = create(dimension);
    const model = new Map<number, Float32Array>();
    for (const entry of createUnitVectors(600, dimension, { seed: 'sequence' })) {
      index.add([entry]);
      model.set(entry.id, entry.vector);
      if (random.next() < 0.6) {
        const id = [...model.keys()][random.integer(model.size)];
        index.remove([id]);
        model.delete(id);
      }
    }
    expect([...index.ids()].sort((a, b) => a - b)).toEqual([...model.keys()]);
    for (const [id, vector] of model) expect(index.search(vector, 1)).toEqual([{ id, distance: 0 }]);
  });

  describe('saved and loaded', () => {
    const entries = createUnitVectors(1500, dimension);
    const queries = createUnitVectors(50, dimension, { seed: 'queries' }).map(entry => entry.vector);

    it('answers as before, and goes on growing', async () => {
      const path = freshPath();
      const index = createFilled(entries);
      index.remove([5, 6, 7]);
      await index.save(path, modelId);
      const loaded = await load(path, identity);
      expect([loaded.size, loaded.lastId, loaded.has(6)]).toEqual([1497, 1500, false]);
      for (const query of queries) expect(loaded.search(query, 10)).toEqual(index.search(query, 10));
      expect(() => loaded.add([{ ...entries[0], id: 6 }])).toThrow(/never used/);
      loaded.add(createUnitVectors(1500, dimension, { seed: 'more', firstId: 2000 }));
      expect(loaded.size).toBe(2997);
    });

    it('counts what can be found, not what was removed', async () => {
      const path = freshPath();
      const index = createFilled(entries.slice(0, 100));
      index.remove(entries.slice(0, 60).map(({ id }) => id));
      await index.save(path, modelId);
      const loaded = await load(path, identity);
      expect([loaded.size, [...loaded.ids()].length]).toEqual([40, 40]);
      expect(loaded.search(good, 100)).toEqual(index.search(good, 100));
      loaded.remove([...loaded.ids()]);
      expect([loaded.size, loaded.search(good, 1).length, loaded.lastId]).toEqual([0, 0, 100]);
    });

    it('can be empty', async () => {
      const path = freshPath();
      await create(dimension).save(path, modelId);
      const loaded = await load(path, identity);
      expect(loaded.search(good, 3)).toEqual([]);
      loaded.add(entries);
      expect(loaded.size).toBe(1500);
    });

    it('holds what was there when the save began, whatever is added or removed meanwhile', async () => {
      const path = freshPath();
      const index = createFilled(entries.slice(0, 1000));
      const saving = index.save(path, modelId);
      index.add(entries.slice(1000));
      index.remove([1]);
      await saving;
      const loaded = await load(path, identity);
      expect([loaded.size, loaded.has(1)]).toEqual([1000, true]);
    });

    it('replaces an older snapshot and leaves no temporary file', async () => {
      const path = freshPath();
      await createFilled(entries.slice(0, 10)).save(path, modelId);
      await createFilled(entries.slice(0, 20)).save(path, modelId);
      expect((await load(path, identity)).size).toBe(20);
      await expect(readFile(`${path}.tmp`)).rejects.toThrow(/ENOENT/);
    });

    const refused = expect.objectContaining({ code: 'invalid-index' });

    it('is refused for another model, another dimension, or when missing', async () => {
      const path = freshPath();
      await createFilled(entries.slice(0, 10)).save(path, modelId);
      await expect(load(path, { ...identity, modelId: 'other@1' })).rejects.toThrow(refused);
      await expect(load(path, { ...identity, dimension: 4 })).rejects.toThrow(refused);
      await expect(load(freshPath(), identity)).rejects.toThrow(refused);
      await rm(path);
      await expect(load(path, identity)).rejects.toThrow(refused);
    });

    it('is refused with any byte flipped, cut short, or lengthened', async () => {
      const path = freshPath();
      await createFilled(entries.slice(0, 50)).save(path, modelId);
      const whole = await readFile(path);
      for (const position of [0, 9, 60, whole.length >> 1, whole.length - 1]) {
        const damaged = Buffer.from(whole);
        damaged[position] ^= 0x10;
        await writeFile(path, damaged);
        await expect(load(path, identity)).rejects.toThrow(refused);
      }
      await writeFile(path, Buffer.concat([whole, Buffer.alloc(8)]));
      await expect(load(path, identity)).rejects.toThrow(refused);
      await truncate(path, whole.length >> 1);
      await expect(load(path, identity)).rejects.toThrow(refused);
      await writeFile(path, whole);
      expect((await load(path, identity)).size).toBe(50);
    });

    it('is refused with a manifest that is missing, damaged, newer or of another file', async () => {
      const path = freshPath();
      await createFilled(entries.slice(0, 50)).save(path, modelId);
      const manifest = JSON.parse(await readFile(manifestOf(path), 'utf8'));
      const bad = ['', '{', '[]', { ...manifest, formatVersion: 2 }, { ...manifest, count: 49 }];
      bad.push({ ...manifest, removedIds: [77] }, { ...manifest, sha256: '0'.repeat(64) });
      for (const content of bad) {
        await writeFile(manifestOf(path), typeof content === 'string' ? content : JSON.stringify(content));
        await expect(load(path, identity)).rejects.toThrow(refused);
      }
      await rm(manifestOf(path));
      await expect(load(path, identity)).rejects.toThrow(refused);
    });

    it('leaves the index in use as it was when another cannot be loaded', async () => {
      const path = freshPath();
      const index = createFilled(entries.slice(0, 50));
      await index.save(path, modelId);
      await truncate(path, 100);
      const loading = load(path, identity);
      expect(index.search(entries[0].vector, 1)).toEqual([{ id: 1, distance: 0 }]);
      await expect(loading).rejects.toThrow(refused);
      expect(index.search(entries[0].vector, 1)).toEqual([{ id: 1, distance: 0 }]);
    });
  });
});
