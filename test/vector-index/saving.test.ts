import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { manifestPath } from '../../src/vector-index/snapshot.js';
import type { VectorIndex } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';
import { drivers } from './drivers.js';

const dimension = 8;
const modelId = 'model@1';
const identity = { modelId, dimension };
const refused = expect.objectContaining({ code: 'invalid-index' });
const sortedIds = (index: VectorIndex): number[] => [...index.ids()].sort((a, b) => a - b);

/** A disk of 64 KiB; nothing where the machine lets nobody mount one. */
function mountTinyDisk(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return undefined;
  }
}

describe.each(drivers)('while the $name index is saved', ({ create, load }) => {
  const entries = createUnitVectors(2000, dimension);
  const queries = createUnitVectors(10, dimension, { seed: 'queries' }).map(({ vector }) => vector);
  let folder: string;
  let files = 0;
  const freshPath = (): string => join(folder, `${++files}.bin`);
  const createFilled = (count: number): VectorIndex => {
    const index = create(dimension);
    index.add(entries.slice(0, count));
    return index;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-saving-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('what is added is found, what is removed is not, and the rest is as it was', async () => {
    const index = createFilled(1000);
    const saving = index.save(freshPath(), modelId);
    index.add(entries.slice(1000, 1003));
    index.remove([1, 1002]);
    expect([index.size, index.lastId]).toEqual([1001, 1003]);
    expect([1, 2, 1001, 1002, 1003].map(id => index.has(id))).toEqual([false, true, true, false, true]);
    expect(sortedIds(index)).toEqual([...entries.slice(1, 1001), entries[1002]].map(({ id }) => id));
    expect(index.vector(1001)).toEqual(entries[1000].vector);
    expect(index.search(entries[1000].vector, 1)).toEqual([{ id: 1001, distance: 0 }]);
    expect(index.search(entries[0].vector, 1)[0].id).not.toBe(1);
    expect(index.search(entries[0].vector, 5000)).toHaveLength(1001);
    await saving;
    expect(index.search(entries[1002].vector, 1)).toEqual([{ id: 1003, distance: 0 }]);
    expect(index.search(entries[0].vector, 5000)).toHaveLength(1001);
  });

  it('all are refused that are refused else, and nothing is changed by them', async () => {
    const index = createFilled(10);
    index.remove([3]);
    const saving = index.save(freshPath(), modelId);
    index.add([entries[10]]);
    index.add([entries[11]]);
    index.remove([12, 2]);
    const [{ vector }] = entries;
    for (const id of [1, 2, 3, 11, 12, -1]) {
      expect(() => index.add([entries[12], { id, vector }])).toThrow(
        expect.objectContaining({ code: 'invalid-vector' }),
      );
    }
    expect(() => index.add([entries[12], { id: 14, vector: vector.slice(1) }])).toThrow(/8 numbers, got 7/);
    for (const id of [2, 3, 12, 13]) {
      expect(() => index.remove([1, id])).toThrow(expect.objectContaining({ code: 'not-found' }));
      expect(() => index.vector(id)).toThrow(expect.objectContaining({ code: 'not-found' }));
    }
    expect(sortedIds(index)).toEqual([1, 4, 5, 6, 7, 8, 9, 10, 11]);
    await saving;
    expect(sortedIds(index)).toEqual([1, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(() => index.add([{ id: 12, vector }])).toThrow(/never used/);
  });

  it('a vector is its own: what its giver makes of the array later changes nothing', async () => {
    const index = createFilled(10);
    const saving = index.save(freshPath(), modelId);
    const given = entries[10].vector.slice();
    index.add([{ id: 11, vector: given }]);
    given.fill(0);
    index.vector(11).fill(0);
    expect(index.vector(11)).toEqual(entries[10].vector);
    await saving;
    expect(index.search(entries[10].vector, 1)).toEqual([{ id: 11, distance: 0 }]);
  });

  it('the lower id is first at equal distance, whichever of them came meanwhile', async () => {
    const [{ vector }, { vector: other }] = entries;
    const index = create(dimension);
    index.add([5, 1, 8].map(id => ({ id, vector })));
    const saving = index.save(freshPath(), modelId);
    index.add([7, 2, 9].map(id => ({ id, vector })));
    index.remove([8, 9]);
    for (const query of [vector, other]) {
      expect(index.search(query, 3).map(({ id }) => id)).toEqual([1, 2, 5]);
      expect(index.search(query, 9).map(({ id }) => id)).toEqual([1, 2, 5, 7]);
    }
    await saving;
  });

  it('k are found though nearly all are removed, among equal ones too', async () => {
    const index = createFilled(1200);
    index.add(Array.from({ length: 400 }, (_, i) => ({ id: 3000 + i, vector: entries[0].vector })));
    const saving = index.save(freshPath(), modelId);
    index.remove([...index.ids()].filter(id => id % 50 !== 0));
    for (const query of [entries[0].vector, ...queries]) {
      expect(new Set(index.search(query, 32).map(({ id }) => id)).size).toBe(32);
    }
    expect(index.size).toBe(32);
    index.remove([...index.ids()]);
    expect(index.search(entries[0].vector, 3)).toEqual([]);
    await saving;
    expect(index.search(entries[0].vector, 3)).toEqual([]);
  });

  it('it keeps to its twin under a random sequence, saved again and again', async () => {
    const random = createRandom('saving');
    const path = freshPath();
    const [index, twin] = [createFilled(300), new ExactIndex(dimension)];
    twin.add(entries.slice(0, 300));
    let saving = Promise.resolve();
    for (const [i, entry] of entries.slice(300, 1300).entries()) {
      if (i % 100 === 0) {
        await saving;
        saving = index.save(path, modelId);
      }
      const ids = sortedIds(twin);
      const gone = random.next() < 0.6 ? [ids[random.integer(ids.length)]] : [];
      for (const each of [index, twin]) {
        each.add([entry]);
        each.remove(gone);
      }
      const query = queries[random.integer(queries.length)];
      expect(index.search(query, 5).map(({ id }) => id)).toEqual(twin.search(query, 5).map(({ id }) => id));
      if (random.next() < 0.1) await setImmediate();
    }
    await index.save(path, modelId);
    await saving;
    const loaded = await load(path, identity);
    for (const each of [index, loaded]) {
      expect(sortedIds(each)).toEqual(sortedIds(twin));
      for (const id of twin.ids()) expect(each.vector(id)).toEqual(twin.vector(id));
    }
  });

  it('another save waits, and both are whole', async () => {
    const [path, other] = [freshPath(), freshPath()];
    const index = createFilled(1000);
    const first = index.save(path, modelId);
    const others = [index.save(other, modelId), index.save(other, modelId)];
    index.add(entries.slice(1000));
    index.remove([1]);
    await first;
    // At once: the next takes its place soon.
    const kept = freshPath();
    for (const name of [(of: string) => of, manifestPath]) copyFileSync(name(path), name(kept));
    expect([(await load(kept, identity)).size, index.size]).toEqual([1000, 1999]);
    await Promise.all(others);
    expect((await load(other, identity)).size).toBe(1999);
  });

  const failures: [string, () => Promise<{ path: string; afterwards?: () => Promise<void> }>][] = [
    ['a folder that is missing', async () => ({ path: join(folder, 'missing', '1.bin') })],
    [
      'a folder that vanishes',
      async () => {
        const going = await mkdtemp(join(folder, 'going-'));
        const path = join(going, '1.bin');
        return { path, afterwards: () => rename(going, `${going}-gone`) };
      },
    ],
    [
      'a file in the place of the folder',
      async () => {
        const file = freshPath();
        await writeFile(file, '');
        return { path: join(file, '1.bin') };
      },
    ],
    [
      'a folder in the place of the file',
      async () => {
        const path = freshPath();
        await mkdir(join(path, 'within'), { recursive: true });
        return { path };
      },
    ],
  ];
  it.each(failures)('%s is reported, and what came meanwhile is kept', async (_, prepare) => {
    const { path, afterwards } = await prepare();
    const index = createFilled(1000);
    const saving = index.save(path, modelId);
    const failed = expect(saving).rejects.toThrow(refused);
    index.add(entries.slice(1000));
    index.remove([1, 1500]);
    await afterwards?.();
    await failed;
    expect(index.size).toBe(1998);
    expect(index.search(entries[1999].vector, 1)).toEqual([{ id: 2000, distance: 0 }]);
    const good = freshPath();
    await index.save(good, modelId);
    expect((await load(good, identity)).size).toBe(1998);
  });

  it('a full disk is reported, and the snapshot before is still whole', async context => {
    const folderOfDisk = join(folder, `disk-${++files}`);
    await mkdir(folderOfDisk);
    const disk = mountTinyDisk(folderOfDisk);
    if (disk === undefined) return context.skip('nobody may mount a disk here');
    try {
      const path = join(disk, '1.bin');
      const index = createFilled(50);
      await index.save(path, modelId);
      index.add(entries.slice(50));
      await expect(index.save(path, modelId)).rejects.toThrow(refused);
      expect((await readdir(disk)).sort()).toEqual(['1.bin', '1.json']);
      expect((await load(path, identity)).size).toBe(50);
      expect(index.search(entries[1999].vector, 1)).toEqual([{ id: 2000, distance: 0 }]);
    } finally {
      execFileSync('umount', [folderOfDisk]);
    }
  });
});
