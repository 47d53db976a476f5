import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as durableFile from '../../src/durable-file.js';
import { FeatureCache, featureKey } from '../../src/features/feature-cache.js';
import { createRandom } from '../../src/math/random.js';

vi.mock('../../src/durable-file.js', { spy: true });

const dimension = 5;
const extractor = { id: 'extractor', dimension };
const keyOf = (i: number): string => featureKey(i.toString(16).padStart(64, '0'), 'centre');
const rowOf = (i: number): Float32Array => {
  const random = createRandom(`row/${i}`);
  return Float32Array.from({ length: dimension }, () => random.normal());
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const keysOf = (numbers: readonly number[]): Set<string> => new Set(numbers.map(keyOf));
const expected = (numbers: readonly number[]): Map<string, Float32Array> =>
  new Map(numbers.map(i => [keyOf(i), rowOf(i)]));
const sorted = (map: ReadonlyMap<string, Float32Array>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('the feature cache', () => {
  let folder: string;
  let notices: string[];
  const open = (parts = extractor): Promise<FeatureCache> =>
    FeatureCache.open(folder, parts, { onNotice: message => notices.push(message) });
  const fill = async (numbers: readonly number[]): Promise<FeatureCache> => {
    const cache = await open();
    for (const i of numbers) await cache.add(keyOf(i), rowOf(i));
    return cache;
  };
  const files = async (suffix: string): Promise<string[]> => {
    const names = await readdir(join(folder, extractor.id));
    return names.filter(name => name.endsWith(suffix)).map(name => join(folder, extractor.id, name));
  };
  const expectFound = async (asked: readonly number[], there: readonly number[]): Promise<void> => {
    const found = await (await open()).read(keysOf(asked));
    expect(sorted(found)).toEqual(sorted(expected(there)));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-cache-'));
    notices = [];
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  it('answers what was added, flushed or not, and nothing else', async () => {
    const cache = await fill([0, 1]);
    expect(sorted(await cache.read(keysOf([1, 2])))).toEqual(sorted(expected([1])));
    await cache.flush();
    await cache.flush();
    expect(await files('.features')).toHaveLength(1);
    await expectFound([1, 0, 2], [0, 1]);
    expect(notices).toEqual([]);
  });

  it('tells the views of a picture and the extractors apart', async () => {
    const cache = await open();
    const [centre, mirrored] = (['centre', 'mirrored'] as const).map(view =>
      featureKey('0'.repeat(64), view),
    );
    await cache.add(mirrored, rowOf(1));
    await cache.flush();
    expect([...(await cache.read(new Set([centre, mirrored]))).keys()]).toEqual([mirrored]);
    const other = await open({ ...extractor, id: 'other' });
    expect((await other.read(new Set([mirrored]))).size).toBe(0);
  });

  it('loses fewer than a thousand when a process dies', async () => {
    await fill(upTo(2345)); // dies without a flush
    await expectFound(upTo(2345), upTo(2000));
    const cache = await fill(upTo(2345).slice(2000));
    await cache.flush();
    await expectFound(upTo(2345), upTo(2345));
  });

  it('takes what two processes write at once, the same and other features', async () => {
    const [first, second] = [await fill(upTo(30)), await fill(upTo(60).slice(20))];
    const twin = await fill(upTo(30));
    await Promise.all([first.flush(), second.flush(), twin.flush()]);
    expect(await files('.features')).toHaveLength(2);
    expect(await files('.tmp')).toEqual([]);
    await expectFound(upTo(60), upTo(60));
  });

  it('keeps what is added while it writes', async () => {
    const cache = await fill([0]);
    const flushing = cache.flush();
    await cache.add(keyOf(1), rowOf(1));
    await flushing;
    await cache.flush();
    await expectFound([0, 1], [0, 1]);
  });

  it('leaves a file aside, saying so, wherever it is damaged or cut', async () => {
    await (await fill([0, 1, 2])).flush();
    await (await fill([3])).flush();
    const segments = await files('.features');
    const sizes = await Promise.all(segments.map(async path => (await readFile(path)).length));
    const path = segments[sizes.indexOf(Math.max(...sizes))];
    const bytes = await readFile(path);
    for (let position = 0; position < bytes.length; position += 3) {
      const damaged = Buffer.from(bytes);
      damaged[position] ^= 1 << (position % 8);
      await writeFile(path, damaged);
      await expectFound(upTo(4), [3]);
      await writeFile(path, bytes);
      await truncate(path, position);
      await expectFound(upTo(4), [3]);
    }
    expect(notices).toHaveLength(2 * Math.ceil(bytes.length / 3));
    expect(notices[0]).toMatch(/\.features is left aside, its features are computed again: its checksum/);
    await writeFile(path, bytes);
    await expectFound(upTo(4), upTo(4));
  });

  it('leaves features of another length aside', async () => {
    await (await fill([0])).flush();
    const cache = await open({ ...extractor, dimension: 4 });
    expect((await cache.read(keysOf([0]))).size).toBe(0);
    expect(notices[0]).toMatch(/expected 1 rows of 4/);
  });

  it('loses nothing on a full disk: an error, then all of it once there is room', async () => {
    await (await fill([0])).flush();
    const cache = await fill([1, 2]);
    vi.mocked(durableFile.replaceFile).mockImplementationOnce(async (_, bytes, temporary) => {
      await writeFile(temporary as string, bytes.slice(0, 20));
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    });
    const error = await cache.flush().catch(failure => failure);
    expect(error).toMatchObject({ code: 'file-unusable' });
    expect(error.message).toMatch(/ENOSPC/);
    expect(await files('.tmp')).toEqual([]);
    await expectFound([0, 1, 2], [0]);
    await cache.add(keyOf(3), rowOf(3));
    await cache.flush();
    await expectFound(upTo(4), upTo(4));
  });

  it('removes what a process that died left half-written, and leaves what another is writing', async () => {
    await open();
    const [old, fresh] = ['old.features.1.tmp', 'fresh.features.2.tmp'].map(name =>
      join(folder, extractor.id, name),
    );
    for (const path of [old, fresh]) await writeFile(path, 'half');
    const longAgo = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(old, longAgo, longAgo);
    await expectFound([0], []);
    expect(await files('.tmp')).toEqual([fresh]);
    expect(notices).toEqual([]);
  });

  it('says so where the folder cannot be one', async () => {
    await writeFile(join(folder, extractor.id), 'a file');
    await expect(open()).rejects.toMatchObject({ code: 'file-unusable' });
  });
});
