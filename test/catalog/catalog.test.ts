import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { migrations } from '../../src/catalog/migrations.js';

const refused = expect.objectContaining({ code: 'invalid-gallery' });

const describeImage = (seed: number) => ({
  imageSha256: createHash('sha256').update(String(seed)).digest('hex'),
  format: 'png',
  width: 4,
  height: 3,
  bytes: 100 + seed,
  embedding: Float32Array.of(seed, -0.1, Math.fround(1e-30)),
});

describe('Catalog', () => {
  let folder: string;
  let path: string;
  const opened: Catalog[] = [];

  const open = (access: 'read' | 'write' = 'write'): Catalog => {
    const catalog = Catalog.open(path, { access, create: true });
    opened.push(catalog);
    return catalog;
  };
  const addCollection = (catalog: Catalog, name = 'default') =>
    catalog.addCollection({ name, modelId: 'tiny@1', modelDirectory: 'tiny@1', dimension: 3 });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-catalog-'));
    path = join(folder, 'catalog.sqlite');
  });
  afterEach(async () => {
    for (const catalog of opened.splice(0)) catalog.close();
    await rm(folder, { recursive: true });
  });

  it('gives back what was put in, after closing too', () => {
    const catalog = open();
    const { id } = addCollection(catalog);
    const text = { label: 'chair', metadata: { price: 1.5, tags: ['ä', null] } };
    const item = catalog.addItem(id, 'a/1.png', { ...text, ...describeImage(1) });
    const { embedding, ...image } = describeImage(1);
    expect(item).toMatchObject({ key: 'a/1.png', ...text, ...image });
    catalog.close();
    const again = open('read');
    expect(again.findItemByKey(id, 'a/1.png')).toEqual(item);
    expect(again.findItem(id, item.id)).toEqual(item);
    expect(again.findItemByVector(item.vectorId)).toEqual(item);
    expect(again.sets.findEmbedding(item.vectorId, 3)).toEqual(embedding);
    expect(again.findCollection('default')).toMatchObject({ id, modelId: 'tiny@1', items: 1 });
  });

  it('keeps the hash of an image as long as an item of any collection has it', () => {
    const catalog = open();
    const [first, second] = ['first', 'second'].map(name => addCollection(catalog, name).id);
    const text = { label: null, metadata: {} };
    const hash = Uint32Array.of(0xfffffffe, 1);
    const { imageSha256 } = describeImage(1);
    const item = catalog.addItem(first, 'a', { ...text, ...describeImage(1), hash });
    catalog.addItem(second, 'a', { ...text, ...describeImage(1), hash: Uint32Array.of(5, 5) });
    expect(catalog.hashes.find(imageSha256)).toEqual(hash);
    const other = Uint32Array.of(2, 3);
    catalog.replaceItem(first, item.id, { ...text, ...describeImage(2), hash: other });
    expect(catalog.hashes.find(describeImage(2).imageSha256)).toEqual(other);
    expect(catalog.hashes.find(imageSha256)).toEqual(hash);
    catalog.removeCollection(second);
    expect(catalog.hashes.find(imageSha256)).toBeUndefined();
    catalog.replaceItem(first, item.id, { ...text, ...describeImage(3) });
    expect(catalog.hashes.find(describeImage(2).imageSha256)).toBeUndefined();
    catalog.hashes.add(imageSha256, hash);
    expect(catalog.hashes.find(imageSha256)).toBeUndefined();
    catalog.hashes.add(describeImage(3).imageSha256, hash);
    expect(catalog.hashes.find(describeImage(3).imageSha256)).toEqual(hash);
  });

  it('stores embeddings as float32, little endian', () => {
    const catalog = open();
    const { id } = addCollection(catalog);
    catalog.addItem(id, 'a', { label: null, metadata: {}, ...describeImage(1) });
    catalog.close();
    const blob = new Database(path, { readonly: true })
      .prepare('SELECT hex(embedding) FROM vectors')
      .pluck()
      .get();
    expect(blob).toMatch(/^0000803FCDCCCCBD/);
  });

  it('keeps the id of a replaced item and gives its vector a new one, never one that was used', () => {
    const catalog = open();
    const { id, setId } = addCollection(catalog);
    const text = { label: null, metadata: {} };
    const first = catalog.addItem(id, 'a', { ...text, ...describeImage(1) });
    const second = catalog.replaceItem(id, first.id, { ...text, label: 'b', ...describeImage(2) });
    const third = catalog.replaceItem(id, first.id, { ...text, ...describeImage(3) });
    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect([second.label, third.label]).toEqual(['b', null]);
    expect([first.vectorId, second.vectorId, third.vectorId]).toEqual([1, 2, 3]);
    expect(catalog.sets.vectorIds(setId)).toEqual([3]);
    expect(catalog.sets.findEmbedding(1, 3)).toBeUndefined();
    expect(catalog.sets.lastVectorId()).toBe(3);
  });

  it('changes label and metadata without touching the vector', () => {
    const catalog = open();
    const { id } = addCollection(catalog);
    const before = catalog.addItem(id, 'a', { label: null, metadata: {}, ...describeImage(1) });
    const after = catalog.updateItem(id, before.id, { label: 'x', metadata: { y: 1 } });
    expect(after).toEqual({ ...before, label: 'x', metadata: { y: 1 }, updatedAt: after.updatedAt });
    expect(after.updatedAt >= before.updatedAt).toBe(true);
  });

  it('keeps collections apart', () => {
    const catalog = open();
    const [a, b] = [addCollection(catalog, 'a'), addCollection(catalog, 'b')];
    const text = { label: null, metadata: {} };
    const inA = catalog.addItem(a.id, 'same key', { ...text, ...describeImage(1) });
    catalog.addItem(b.id, 'same key', { ...text, ...describeImage(2) });
    expect(catalog.listCollections().map(({ name, items }) => [name, items])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(catalog.sets.vectorIds(b.setId)).toEqual([2]);
    expect(catalog.findItem(b.id, inA.id)).toBeUndefined();
    expect(() => catalog.addItem(a.id, 'same key', { ...text, ...describeImage(3) })).toThrow(/UNIQUE/);
    expect(() => addCollection(catalog, 'a')).toThrow(/UNIQUE/);
  });

  it('lists items by id, from after any id, of one collection only', () => {
    const catalog = open();
    const [a, b] = [addCollection(catalog, 'a'), addCollection(catalog, 'b')];
    const text = { label: null, metadata: {} };
    // Keys in the opposite order, so that an index on them would show.
    const items = Array.from({ length: 6 }, (_, i) =>
      catalog.addItem(i % 2 === 0 ? a.id : b.id, `key ${9 - i}`, { ...text, ...describeImage(i + 1) }),
    );
    const list = (afterId: number, limit: number) => catalog.listItems(a.id, { afterId, limit });
    expect(list(0, 9)).toEqual([items[0], items[2], items[4]]);
    expect(list(0, 2)).toEqual([items[0], items[2]]);
    expect(list(items[1].id, 2)).toEqual([items[2], items[4]]);
    expect(list(items[4].id, 2)).toEqual([]);
  });

  it('undoes a transaction that fails', () => {
    const catalog = open();
    const { id, setId } = addCollection(catalog);
    const failing = () =>
      catalog.transaction(() => {
        catalog.addItem(id, 'a', { label: null, metadata: {}, ...describeImage(1) });
        throw new Error('on purpose');
      });
    expect(failing).toThrow('on purpose');
    expect([catalog.countItems(id), catalog.sets.vectorIds(setId)]).toEqual([0, []]);
  });

  it('shows a reader what a writer has written, and that something was', () => {
    const writer = open();
    const { id } = addCollection(writer);
    const reader = open('read');
    const version = reader.dataVersion();
    expect(reader.dataVersion()).toBe(version);
    writer.addItem(id, 'a', { label: null, metadata: {}, ...describeImage(1) });
    expect(reader.dataVersion()).not.toBe(version);
    expect(reader.countItems(id)).toBe(1);
    expect(() => addCollection(reader, 'b')).toThrow(/readonly/);
  });

  it('is left as one file, readable where nothing may be written, unless others have it open', async () => {
    const own = join(folder, 'closed.sqlite');
    Catalog.open(own, { access: 'write', create: true }).close();
    expect(await readdir(folder)).toEqual(['closed.sqlite']);
    // Journal mode in the header: 1 = rollback, 2 = write-ahead log, which a reader could not open there.
    expect((await readFile(own))[18]).toBe(1);
    const writer = Catalog.open(own, { access: 'write' });
    const reader = Catalog.open(own, { access: 'read' });
    expect(reader.listCollections()).toEqual([]);
    writer.close();
    reader.close();
    expect((await readFile(own))[18]).toBe(2);
  });

  it('uses a write-ahead log, so that readers and the writer never wait for each other', () => {
    open();
    const database = new Database(path, { readonly: true });
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('user_version', { simple: true })).toBe(migrations.length);
    database.close();
  });

  it.each(['read', 'write'] as const)('refuses a newer file untouched, opened to %s', async access => {
    open().close();
    const database = new Database(path);
    database.pragma('journal_mode = DELETE');
    database.pragma(`user_version = ${migrations.length + 1}`);
    database.close();
    const before = await readFile(path);
    expect(() => open(access)).toThrow(
      `has version ${migrations.length + 1}; this Medoid knows versions up to ${migrations.length}`,
    );
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(['catalog.sqlite']);
  });

  it('refuses a file of another program untouched', async () => {
    const database = new Database(path);
    database.exec('CREATE TABLE notes (text)');
    database.close();
    const before = await readFile(path);
    for (const access of ['read', 'write'] as const) expect(() => open(access)).toThrow(/not a catalog/);
    expect((await readFile(path)).equals(before)).toBe(true);
    await writeFile(path, 'no database at all, but long enough to be looked at'.repeat(20));
    expect(() => open()).toThrow(refused);
  });

  it('does not create a file for a reader', () => {
    expect(() => open('read')).toThrow(expect.objectContaining({ code: 'file-not-found' }));
    new Database(path).close();
    expect(() => open('read')).toThrow(/is empty: expected a catalog/);
  });

  it('says which row is odd', () => {
    const catalog = open();
    const { id } = addCollection(catalog);
    const item = catalog.addItem(id, 'a', { label: null, metadata: {}, ...describeImage(1) });
    const database = new Database(path);
    database.exec(`UPDATE items SET metadata = '[1]'`);
    database.exec(`UPDATE vectors SET embedding = x'0000'`);
    expect(() => catalog.findItem(id, item.id)).toThrow(refused);
    expect(() => catalog.sets.findEmbedding(item.vectorId, 3)).toThrow(/12 bytes, got 2/);
    database.close();
  });

  it('has another stamp after each write of items and vectors, and the same after others of its own', () => {
    const catalog = open();
    const { id, setId } = addCollection(catalog);
    const text = { label: null, metadata: {} };
    let stamp = catalog.changeStamp();
    const changes = (work: () => unknown): boolean => {
      work();
      const before = stamp;
      stamp = catalog.changeStamp();
      return stamp !== before;
    };
    const other = catalog.sets.ensure(id, { modelId: 'b@1', modelDirectory: 'b@1', dimension: 3 });
    const { embedding, imageSha256 } = describeImage(2);
    expect(changes(() => catalog.addItem(id, 'a', { ...text, ...describeImage(1) }))).toBe(true);
    expect(changes(() => catalog.updateItem(id, 1, { label: 'new', metadata: {} }))).toBe(true);
    expect(changes(() => catalog.replaceItem(id, 1, { ...text, ...describeImage(2) }))).toBe(true);
    expect(changes(() => catalog.sets.addVector(other.id, { id: 1, imageSha256 }, embedding))).toBe(true);
    expect(changes(() => catalog.removeItem(id, 1))).toBe(true);
    const jobs = (): void => {
      const job = catalog.jobs.add({ kind: 'none', collectionId: id, input: {} });
      catalog.jobs.begin(job.id);
      catalog.jobs.saveProgress(job.id, { done: 1, total: 2 });
      catalog.jobs.end(job.id, { state: 'cancelled' });
      catalog.addLooseImage(imageSha256);
      catalog.sets.saveRecall(setId, null);
    };
    expect(changes(jobs)).toBe(false);
    const second = open();
    expect(changes(() => second.addItem(id, 'b', { ...text, ...describeImage(3) }))).toBe(true);
    // The items go with it.
    expect(changes(() => catalog.removeCollection(id))).toBe(true);
    for (const each of opened.splice(0)) each.close();
    const database = new Database(path);
    const triggers = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`).pluck().all();
    database.close();
    expect(triggers.sort()).toEqual([
      'decision_without_pair',
      'hash_of_removed',
      'hash_of_replaced',
      'image_replaced',
      'item_removed',
    ]);
  });
});
