import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../src/gallery/collection.js';
import { Gallery } from '../../src/gallery/gallery.js';
import type { NewItem } from '../../src/gallery/item.js';
import { createPicture } from '../fixtures/images.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('Gallery', () => {
  let pictures: Buffer[];
  let folder: string;
  let directory: string;
  let model: string;
  const opened: Gallery[] = [];

  const open = async (access: 'read' | 'write', create = false): Promise<Gallery> => {
    const gallery = await Gallery.open(directory, { access, create, threads: 1 });
    opened.push(gallery);
    return gallery;
  };
  const itemOf = (i: number): NewItem => ({
    key: `picture-${i}`,
    image: pictures[i],
    label: `label-${i % 3}`,
  });
  const statusesOf = async (collection: Collection, items: readonly NewItem[]): Promise<string[]> =>
    (await collection.add(items)).map(outcome => outcome.status);
  /** Keys of all neighbours of a picture, nearest first. */
  const neighboursOf = async (collection: Collection, i: number): Promise<string[]> => {
    const { results } = await collection.searchByImage(pictures[i], { k: 100 });
    return results.map(({ item }) => item.key);
  };
  /** A gallery with ten pictures, closed again. */
  const createFilled = async (): Promise<void> => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    await collection.add(pictures.slice(0, 10).map((_, i) => itemOf(i)));
    await gallery.close();
  };

  beforeAll(async () => {
    pictures = await Promise.all(Array.from({ length: 20 }, (_, i) => createPicture(i)));
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-gallery-'));
    directory = join(folder, 'gallery');
    model = await createTinyModel(join(folder, 'model'));
  });
  afterEach(async () => {
    for (const gallery of opened.splice(0)) await gallery.close();
    await rm(folder, { recursive: true });
  });

  it('saves the index of every collection, though that of another cannot be saved', async () => {
    const gallery = await open('write', true);
    for (const name of ['first', 'second']) {
      await (await gallery.createCollection(name, model)).add([itemOf(0)]);
    }
    await mkdir(join(directory, 'index/1.hnsw/a folder in its place'), { recursive: true });
    await gallery.close();
    expect(await readdir(join(directory, 'index'))).toEqual(['1.hnsw', '2.hnsw', '2.json']);
  });

  it('finds an added picture at distance 0, with all that was said of it', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    const metadata = { price: 12.5, tags: ['a', 'b'], nested: { deep: null } };
    const [outcome] = await collection.add([{ ...itemOf(0), metadata }]);
    expect(outcome).toMatchObject({ key: 'picture-0', status: 'added' });
    await collection.add(pictures.slice(1).map((_, i) => itemOf(i + 1)));
    const answer = await collection.searchByImage(pictures[0], { k: 5 });
    expect(answer.results).toHaveLength(5);
    expect(answer.results[0].distance).toBeLessThan(1e-3);
    expect(answer.results[0].item).toMatchObject({
      key: 'picture-0',
      label: 'label-0',
      metadata,
      format: 'png',
      width: 48,
      height: 36,
      bytes: pictures[0].length,
    });
    const distances = answer.results.map(result => result.distance);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(answer.modelId).toMatch(/^tiny@[0-9a-f]{16}$/);
    expect(collection.summary()).toMatchObject({ name: 'default', dimension: 16, items: 20 });
    expect(gallery.listCollections()).toEqual([collection.summary()]);
  });

  it('answers exactly what the graph answers, when asked to compare with every vector', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    await collection.add(pictures.slice(0, 10).map((_, i) => itemOf(i)));
    const exact = async (i: number) =>
      (await collection.searchByImage(pictures[i], { k: 100, exact: true })).results;
    const graph = async (i: number) => (await collection.searchByImage(pictures[i], { k: 100 })).results;
    const keys = (results: readonly { item: { key: string } }[]) => results.map(({ item }) => item.key);
    expect(keys(await exact(0))).toEqual(keys(await graph(0)));
    await collection.add([itemOf(10), { ...itemOf(3), image: pictures[11] }]);
    expect(await exact(3)).toHaveLength(11);
    expect(keys(await exact(3))).toEqual(keys(await graph(3)));
  });

  it('tells unchanged, updated, replaced and failed items apart', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    const [first] = await collection.add([itemOf(0), itemOf(1)]);
    expect(await statusesOf(collection, [itemOf(0), itemOf(1)])).toEqual(['unchanged', 'unchanged']);
    const outcomes = await collection.add([
      { ...itemOf(0), image: pictures[5] },
      { ...itemOf(1), label: 'other' },
      itemOf(2),
      { key: 'bad', image: Buffer.from('no picture') },
      { key: 'cut', image: pictures[3].subarray(0, pictures[3].length >> 1) },
      { key: 'empty', image: new Uint8Array(0) },
      { key: '', image: pictures[4] },
      { ...itemOf(2), image: pictures[6] },
    ]);
    const failed = (code: string) => ({ status: 'failed', code });
    expect(outcomes).toMatchObject([
      { status: 'replaced', item: { id: first.status === 'failed' ? 0 : first.item.id } },
      { status: 'updated', item: { label: 'other' } },
      { status: 'added' },
      failed('unsupported-image'),
      failed('unreadable-image'),
      failed('unreadable-image'),
      failed('invalid-request'),
      failed('invalid-request'),
    ]);
    expect(collection.size).toBe(3);
    expect((await neighboursOf(collection, 5))[0]).toBe('picture-0');
    expect((await collection.searchByImage(pictures[0], { k: 9 })).results).toHaveLength(3);
    expect(await statusesOf(collection, [{ key: 'picture-1', image: pictures[1] }])).toEqual(['updated']);
    expect(await statusesOf(collection, [{ key: 'picture-1', image: pictures[1], metadata: {} }])).toEqual([
      'unchanged',
    ]);
  });

  it('gives back the very bytes, and a thumbnail of them', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    const [outcome] = await collection.add([itemOf(0)]);
    const id = outcome.status === 'failed' ? 0 : outcome.item.id;
    expect((await collection.readImage(id)).bytes.equals(pictures[0])).toBe(true);
    const thumbnail = await collection.renderImage(id, { side: 20, format: 'webp' });
    expect(thumbnail.subarray(8, 12).toString()).toBe('WEBP');
    expect(() => collection.getItem(id + 1)).toThrow(withCode('not-found'));
    await expect(collection.readImage(id + 1)).rejects.toThrow(withCode('not-found'));
  });

  it('lists its items in pages, the last of which says so', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    expect(collection.listItems({ limit: 5 })).toEqual({ items: [], next: null });
    await collection.add(pictures.slice(0, 10).map((_, i) => itemOf(i)));
    const keysOf = (page: { items: { key: string }[] }) => page.items.map(({ key }) => key);
    const first = collection.listItems({ limit: 4 });
    expect([keysOf(first)[0], first.items.length, first.next]).toEqual(['picture-0', 4, first.items[3].id]);
    // Exactly the rest: there is no empty page after it.
    const rest = collection.listItems({ afterId: first.next ?? 0, limit: 6 });
    expect([keysOf(rest)[0], rest.items.length, rest.next]).toEqual(['picture-4', 6, null]);
    expect(rest.items[0]).toEqual(collection.getItem(rest.items[0].id));
  });

  it('answers the same after closing, without the model and the pictures it was made from', async () => {
    await createFilled();
    await rm(model, { recursive: true });
    const gallery = await open('read');
    const collection = await gallery.collection('default');
    expect(await collection.rebuiltBecause()).toBeUndefined();
    expect(collection.size).toBe(10);
    for (let i = 0; i < 10; i++) expect((await neighboursOf(collection, i))[0]).toBe(`picture-${i}`);
    const [{ item }] = (await collection.searchByImage(pictures[4], { k: 1 })).results;
    expect((await collection.readImage(item.id)).bytes.equals(pictures[4])).toBe(true);
  });

  const damages: [string, (index: string) => Promise<void>][] = [
    ['missing', index => rm(join(index, '1.hnsw'))],
    ['without a manifest', index => rm(join(index, '1.json'))],
    ['cut short', index => truncate(join(index, '1.hnsw'), 200)],
    ['empty', index => writeFile(join(index, '1.hnsw'), '')],
    ['full of other bytes', index => writeFile(join(index, '1.hnsw'), Buffer.alloc(5000, 7))],
  ];
  it.each(damages)('rebuilds an index that is %s, and saves it again', async (_, damage) => {
    await createFilled();
    await damage(join(directory, 'index'));
    for (const access of ['read', 'write'] as const) {
      const gallery = await open(access);
      const collection = await gallery.collection('default');
      expect(await collection.rebuiltBecause()).toMatch(/index.1\./);
      for (let i = 0; i < 10; i++) expect((await neighboursOf(collection, i))[0]).toBe(`picture-${i}`);
      await gallery.close();
    }
    const again = await (await open('read')).collection('default');
    expect(await again.rebuiltBecause()).toBeUndefined();
    expect(await neighboursOf(again, 3)).toHaveLength(10);
  });

  it('catches up with the catalog when the snapshot is older', async () => {
    await createFilled();
    await cp(join(directory, 'index'), join(folder, 'older'), { recursive: true });
    const gallery = await open('write');
    const collection = await gallery.collection('default');
    await collection.add([itemOf(10), { ...itemOf(0), image: pictures[11] }]);
    await gallery.close();
    await cp(join(folder, 'older'), join(directory, 'index'), { recursive: true });
    const reader = await (await open('read')).collection('default');
    expect(await reader.rebuiltBecause()).toBeUndefined();
    expect(await neighboursOf(reader, 11)).toHaveLength(11);
    expect((await neighboursOf(reader, 11))[0]).toBe('picture-0');
    expect((await neighboursOf(reader, 10))[0]).toBe('picture-10');
  });

  it('does not believe a snapshot without what a catalog put back from a backup has', async () => {
    await createFilled();
    await cp(join(directory, 'catalog.sqlite'), join(folder, 'backup.sqlite'));
    const gallery = await open('write');
    await (await gallery.collection('default')).removeItems([3]);
    await gallery.close();
    await cp(join(folder, 'backup.sqlite'), join(directory, 'catalog.sqlite'));
    const collection = await (await open('write')).collection('default');
    expect(await collection.rebuiltBecause()).toMatch(/has seen vector 3 go/);
    await collection.indexed();
    expect(await neighboursOf(collection, 2)).toHaveLength(10);
  });

  it('does not believe a snapshot that is newer than a catalog put back from a backup', async () => {
    await createFilled();
    await cp(join(directory, 'catalog.sqlite'), join(folder, 'backup.sqlite'));
    const gallery = await open('write');
    const ahead = await gallery.collection('default');
    await ahead.add([itemOf(10)]);
    await ahead.indexed();
    await gallery.close();
    await cp(join(folder, 'backup.sqlite'), join(directory, 'catalog.sqlite'));
    const behind = await open('read');
    expect(await (await behind.collection('default')).rebuiltBecause()).toMatch(
      /has seen vector 11, .* only 10/,
    );
    await behind.close();
    // The id 11 is given out again, to another picture, by a process that never opened the index.
    await cp(join(directory, 'index'), join(folder, 'newer'), { recursive: true });
    const writer = await open('write');
    await (await writer.collection('default')).add([itemOf(12)]);
    await writer.close();
    await cp(join(folder, 'newer'), join(directory, 'index'), { recursive: true });
    const collection = await (await open('read')).collection('default');
    expect(await collection.rebuiltBecause()).toMatch(/vector 11 is another/);
    expect((await neighboursOf(collection, 12))[0]).toBe('picture-12');
  });

  it('lets one process write and says so to the next, of this process or another', async () => {
    await createFilled();
    const writer = await open('write');
    await expect(open('write')).rejects.toThrow(withCode('gallery-locked'));
    await expect(open('write')).rejects.toThrow(/another process holds .*write\.lock/);
    await writer.close();
    const script = `
      const Database = require('better-sqlite3');
      new Database(process.argv[1]).exec('BEGIN EXCLUSIVE');
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script, join(directory, 'write.lock')]);
    await once(child.stdout, 'data');
    await expect(open('write')).rejects.toThrow(withCode('gallery-locked'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(open('write')).resolves.toBeInstanceOf(Gallery);
  });

  it('shows a reader beside the writer what the writer does, at once', async () => {
    await createFilled();
    const reader = await (await open('read')).collection('default');
    expect((await reader.searchByImage(pictures[0], { k: 100, exact: true })).results).toHaveLength(10);
    const writer = await (await open('write')).collection('default');
    await writer.add([itemOf(10), { ...itemOf(0), image: pictures[11] }]);
    expect(reader.size).toBe(11);
    expect(await neighboursOf(reader, 11)).toEqual(await neighboursOf(writer, 11));
    expect((await neighboursOf(reader, 11))[0]).toBe('picture-0');
    expect((await reader.searchByImage(pictures[10], { k: 100, exact: true })).results).toHaveLength(11);
    await expect(reader.add([itemOf(12)])).rejects.toThrow(withCode('read-only'));
  });

  it('keeps collections of different models apart', async () => {
    const gallery = await open('write', true);
    const other = await createTinyModel(join(folder, 'other'), { seed: 1, dimension: 8 });
    const first = await gallery.createCollection('first', model);
    expect(await gallery.createCollection('first', model)).toBe(first);
    await expect(gallery.createCollection('first', other)).rejects.toThrow(withCode('model-mismatch'));
    const second = await gallery.createCollection('second', other);
    await first.add([itemOf(0), itemOf(1)]);
    await second.add([itemOf(2)]);
    expect(await neighboursOf(first, 2)).toHaveLength(2);
    expect(await neighboursOf(second, 2)).toEqual(['picture-2']);
    expect(gallery.listCollections().map(({ name, items }) => [name, items])).toEqual([
      ['first', 2],
      ['second', 1],
    ]);
    await expect(gallery.collection('third')).rejects.toThrow(withCode('not-found'));
    await expect(gallery.createCollection('../x', model)).rejects.toThrow(withCode('invalid-option'));
  });

  it('makes one collection when asked twice at once, and takes adds that overlap', async () => {
    const gallery = await open('write', true);
    const [a, b] = await Promise.all([1, 2].map(() => gallery.createCollection('default', model)));
    expect(a).toBe(b);
    const calls = await Promise.all([
      statusesOf(a, [itemOf(0), itemOf(1)]),
      statusesOf(a, [itemOf(1), itemOf(2)]),
      statusesOf(a, [{ ...itemOf(0), image: pictures[3] }]),
      a.save(),
      a.save(),
    ]);
    expect(calls.slice(0, 3)).toEqual([['added', 'added'], ['unchanged', 'added'], ['replaced']]);
    expect((await neighboursOf(a, 3))[0]).toBe('picture-0');
    expect(a.size).toBe(3);
    // When it is prepared, the second call's picture is the known one; when its turn comes, it is not.
    const back = await Promise.all([
      statusesOf(a, [{ ...itemOf(0), image: pictures[4] }]),
      statusesOf(a, [{ ...itemOf(0), image: pictures[3] }]),
    ]);
    expect(back).toEqual([['replaced'], ['replaced']]);
    expect((await a.searchByImage(pictures[3], { k: 1 })).results[0]).toMatchObject({
      item: { key: 'picture-0' },
    });
  });

  it('writes nothing of a call that was stopped', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    const adding = collection.add([itemOf(0)], AbortSignal.abort());
    await expect(adding).rejects.toThrow(withCode('interrupted'));
    expect(collection.size).toBe(0);
  });

  it('waits for what is running when it closes, and refuses what comes later', async () => {
    const gallery = await open('write', true);
    const collection = await gallery.createCollection('default', model);
    const adding = collection.add(pictures.map((_, i) => itemOf(i)));
    const closing = gallery.close();
    await expect(collection.searchByImage(pictures[0], { k: 1 })).rejects.toThrow(withCode('interrupted'));
    expect(await adding).toHaveLength(20);
    await closing;
    const reader = await (await open('read')).collection('default');
    expect([reader.size, await reader.rebuiltBecause()]).toEqual([20, undefined]);
  });

  it('says what is missing or damaged, and where', async () => {
    await expect(open('read')).rejects.toThrow(/there is no .*catalog\.sqlite/);
    await expect(open('write')).rejects.toThrow(withCode('file-not-found'));
    await expect(readdir(directory)).rejects.toThrow(/ENOENT/);
    await createFilled();
    const gallery = await open('write');
    const collection = await gallery.collection('default');
    const [first, second] = (await collection.searchByImage(pictures[0], { k: 2 })).results.map(
      ({ item }) => item,
    );
    const pathOf = (sha256: string) => join(directory, 'images', sha256.slice(0, 2), sha256);
    await truncate(pathOf(first.imageSha256), 10);
    await rm(pathOf(second.imageSha256));
    for (const { id } of [first, second]) {
      await expect(collection.readImage(id)).rejects.toThrow(withCode('invalid-gallery'));
    }
    // The same picture comes again and heals it.
    expect(await statusesOf(collection, [itemOf(0)])).toEqual(['unchanged']);
    expect((await collection.readImage(first.id)).bytes.equals(pictures[0])).toBe(true);
    const [modelCopy] = await readdir(join(directory, 'models'));
    await gallery.close();
    await truncate(join(directory, 'models', modelCopy, 'model.onnx'), 100);
    const damaged = await open('read');
    await expect(damaged.collection('default')).rejects.toThrow(withCode('invalid-model'));
    const healing = await open('write');
    expect((await healing.createCollection('default', model)).size).toBe(10);
    expect((await readFile(join(directory, 'models', modelCopy, 'model.onnx'))).length).toBeGreaterThan(100);
  });
});
