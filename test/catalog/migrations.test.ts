import { copyFileSync, renameSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { migrations } from '../../src/catalog/migrations.js';
import { openDatabase } from '../../src/catalog/open-database.js';

const sha256Of = (digit: string): string => digit.repeat(64);

/** A file as version 1 left it: two collections, of which one item was replaced and one removed. */
function writeFirstVersion(path: string): void {
  const database = new Database(path);
  database.exec(migrations[0]);
  const insert = (sql: string, ...values: unknown[]) => database.prepare(sql).run(...values);
  const addCollection = 'INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)';
  insert(addCollection, 1, 'gone', 'old@1', 'old@1', 2, '2024-01-01T00:00:00.000Z');
  insert(addCollection, 2, 'first', 'tiny@1', 'tiny@1', 2, '2024-01-01T00:00:00.000Z');
  insert(addCollection, 3, 'second', 'other@1', 'other%401', 3, '2024-01-02T00:00:00.000Z');
  insert(addCollection, 4, 'newest', 'old@1', 'old@1', 2, '2024-01-01T00:00:00.000Z');
  database.exec('DELETE FROM collections WHERE id IN (1, 4)');
  const addItem = `INSERT INTO items VALUES (?, ?, ?, ?, '{"n":1}', ?, 'png', 4, 3, 9, 'then', 'then')`;
  insert(addItem, 5, 2, 'a', 'chair', sha256Of('a'));
  insert(addItem, 6, 2, 'b', null, sha256Of('b'));
  insert(addItem, 7, 3, 'a', null, sha256Of('a'));
  const addVector = 'INSERT INTO vectors VALUES (?, ?, ?)';
  insert(addVector, 11, 5, Buffer.from(Float32Array.of(1, 0).buffer));
  insert(addVector, 14, 6, Buffer.from(Float32Array.of(0, 1).buffer));
  insert(addVector, 12, 7, Buffer.from(Float32Array.of(0, 0, 1).buffer));
  // A vector that came last and went again: its id must not come back.
  database.exec("UPDATE sqlite_sequence SET seq = 20 WHERE name = 'vectors'");
  database.pragma(`application_id = ${0x4d45444f}`);
  database.pragma('user_version = 1');
  database.close();
}

describe('a file of version 1', () => {
  let folder: string;
  let path: string;
  const opened: Catalog[] = [];
  const open = (access: 'read' | 'write'): Catalog => {
    const catalog = Catalog.open(path, { access });
    opened.push(catalog);
    return catalog;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-migrations-'));
    path = join(folder, 'catalog.sqlite');
    writeFirstVersion(path);
  });
  afterEach(async () => {
    for (const catalog of opened.splice(0)) catalog.close();
    await rm(folder, { recursive: true });
  });

  it('keeps its collections, items and vectors, under the ids they had', () => {
    expect(() => open('read')).toThrow(/has version 1, expected 3: open it once for writing/);
    const catalog = open('write');
    expect(catalog.listCollections()).toMatchObject([
      { id: 2, name: 'first', modelId: 'tiny@1', dimension: 2, items: 2, previousSetId: null },
      { id: 3, name: 'second', modelId: 'other@1', dimension: 3, items: 1 },
    ]);
    expect(catalog.findItemByKey(2, 'a')).toEqual({
      ...{ id: 5, key: 'a', label: 'chair', metadata: { n: 1 }, imageSha256: sha256Of('a'), format: 'png' },
      ...{ width: 4, height: 3, bytes: 9, createdAt: 'then', updatedAt: 'then', vectorId: 11 },
    });
    expect(catalog.sets.findEmbedding(14, 2)).toEqual(Float32Array.of(0, 1));
    expect(catalog.sets.findEmbedding(12, 3)).toEqual(Float32Array.of(0, 0, 1));
  });

  it('names the set of each collection by the id of the collection, as its snapshot was', () => {
    const { sets } = open('write');
    expect(sets.ids()).toEqual([2, 3]);
    expect(sets.find(3)).toMatchObject({ collectionId: 3, modelDirectory: 'other%401', recall: null });
    expect(sets.findActive(3)).toEqual(sets.find(3));
    expect([sets.vectorIds(2), sets.vectorIds(3)]).toEqual([[11, 14], [12]]);
  });

  it('never gives an id out again: not of a vector, nor of a collection for a set', () => {
    const catalog = open('write');
    expect(catalog.sets.lastVectorId()).toBe(20);
    const image = { imageSha256: sha256Of('c'), format: 'png', width: 1, height: 1, bytes: 1 };
    const embedding = Float32Array.of(1, 0);
    const item = { label: null, metadata: {}, ...image, embedding };
    expect(catalog.addItem(2, 'c', item).vectorId).toBe(21);
    const set = { modelId: 'tiny@2', modelDirectory: 'tiny@2', dimension: 2 };
    expect(catalog.addCollection({ name: 'third', ...set })).toMatchObject({ id: 5, setId: 5 });
  });

  it('takes vectors of several models for one item from then on', () => {
    const catalog = open('write');
    const other = catalog.sets.ensure(2, { modelId: 'b@1', modelDirectory: 'b@1', dimension: 3 });
    const [first, second] = catalog.sets.listUnembedded(other.id, { afterId: 0, limit: 9 });
    expect([first.id, second.id, catalog.sets.countUnembedded(other.id)]).toEqual([5, 6, 2]);
    expect(catalog.sets.addVector(other.id, first, Float32Array.of(1, 0, 0))).toBe(21);
    expect(() => catalog.sets.addVector(other.id, first, Float32Array.of(1, 0, 0))).toThrow(/UNIQUE/);
    expect(catalog.findItem(2, 5)?.vectorId).toBe(11);
  });
});

describe('a migration that fails', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-migrations-'));
    path = join(folder, 'catalog.sqlite');
    writeFirstVersion(path);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const [first, second] = migrations;
  const failing: [string, readonly string[], RegExp][] = [
    ['at its last statement', [first, `${second}; INSERT INTO nowhere VALUES (1)`], /no such table: nowhere/],
    ['after one that succeeded', [first, second, 'ALTER TABLE items DROP COLUMN key'], /UNIQUE|key/],
    ['on a full disk', [first, `PRAGMA max_page_count = 14; ${second}`], /database or disk is full/],
  ];
  /** As of the catalog, with other migrations. */
  const open = (steps: readonly string[]) =>
    openDatabase(
      path,
      { access: 'write' },
      { name: 'a catalog', applicationId: 0x4d45444f, migrations: steps, journalMode: 'wal' },
    );

  it.each(failing)('%s leaves the file as it was, to the byte', async (_, steps, reason) => {
    const before = await readFile(path);
    expect(() => open(steps)).toThrow(reason);
    expect(() => open(steps)).toThrow(`was left at version 1, it cannot be brought to ${steps.length}`);
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(['catalog.sqlite']);
    const catalog = Catalog.open(path, { access: 'write' });
    expect(catalog.listCollections().map(({ name, items }) => [name, items])).toEqual([
      ['first', 2],
      ['second', 1],
    ]);
    catalog.close();
  });

  it.each(failing)('%s leaves the version and the data, where a process was killed before', (_, steps) => {
    const killed = new Database(path);
    killed.pragma('journal_mode = WAL');
    killed.exec(`UPDATE items SET label = 'in the log' WHERE id = 6`);
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, `${path}.left${suffix}`);
    killed.close();
    for (const suffix of ['', '-wal']) renameSync(`${path}.left${suffix}`, path + suffix);
    expect(() => open(steps)).toThrow('was left at version 1');
    const catalog = Catalog.open(path, { access: 'write' });
    expect(catalog.findItemByKey(2, 'b')).toMatchObject({ id: 6, label: 'in the log' });
    catalog.close();
  });
});
