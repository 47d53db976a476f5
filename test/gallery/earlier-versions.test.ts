import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { keyMigrations } from '../../src/catalog/key-migrations.js';
import { KeyStore } from '../../src/catalog/key-store.js';
import { migrations } from '../../src/catalog/migrations.js';
import type { Collection } from '../../src/gallery/collection.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createPicture } from '../fixtures/images.js';
import { copyKeptGallery, keptFile, keptGalleries, readContents } from '../fixtures/kept-galleries.js';
import { readFolder } from '../fixtures/read-folder.js';

const pragmaOf = (path: string, pragma: string): unknown => {
  const database = new Database(path, { readonly: true });
  const value = database.pragma(pragma, { simple: true });
  database.close();
  return value;
};

/** Every row of every table, and the schema. */
function dump(path: string): unknown {
  const database = new Database(path, { readonly: true });
  const tables = database
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
    .pluck()
    .all() as string[];
  const rows = tables.map(name => [name, database.prepare(`SELECT * FROM "${name}"`).all()]);
  database.close();
  return { schema: schemaOf(path), rows };
}

function schemaOf(path: string): unknown {
  const database = new Database(path, { readonly: true });
  const schema = database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name').all();
  database.close();
  return schema;
}

const upTo = (newest: number): number[] => Array.from({ length: newest }, (_, i) => i + 1);

describe('the galleries of earlier versions', () => {
  it('are kept of every version of the catalog, closed and killed; the newest too, for the next migration', () => {
    expect(keptGalleries).toEqual(
      upTo(migrations.length).flatMap(version => [`catalog-${version}`, `catalog-${version}-killed`]),
    );
    // Of one that was killed the newest version may be in the log; of one that was closed there is none.
    for (const version of upTo(migrations.length)) {
      expect(pragmaOf(keptFile(`catalog-${version}`, 'catalog.sqlite'), 'user_version')).toBe(version);
    }
  });

  it('are kept of every version of the key file', () => {
    const versions = keptGalleries
      .filter(name => readContents(name).keys.length > 0)
      .map(name => pragmaOf(keptFile(name, 'keys.sqlite'), 'user_version'));
    expect([...new Set(versions)]).toEqual(upTo(keyMigrations.length));
  });
});

describe.each(keptGalleries)('the gallery %s', name => {
  const contents = readContents(name);
  let folder: string;
  let directory: string;
  let catalogPath: string;
  const opened: { close(): unknown }[] = [];
  const open = async (): Promise<Gallery> => {
    const gallery = await Gallery.open(directory, { access: 'write', threads: 1 });
    opened.push(gallery);
    return gallery;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-earlier-'));
    directory = join(folder, 'gallery');
    catalogPath = join(directory, 'catalog.sqlite');
    await copyKeptGallery(name, directory);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    await rm(folder, { recursive: true });
  });

  const answer = async (collection: Collection, itemId: number, exact: boolean): Promise<number[]> => {
    const { bytes } = await collection.readImage(itemId);
    const { results } = await collection.searchByImage(bytes, { k: 100, exact });
    return results.map(({ item }) => item.id);
  };

  it('has every collection, item and image that was in it, with what was said of them', async () => {
    const gallery = await open();
    expect(gallery.listCollections().map(one => [one.name, one.createdAt, one.items])).toEqual(
      contents.collections.map(one => [one.name, one.createdAt, one.items.length]),
    );
    for (const { name: collectionName, items } of contents.collections) {
      const collection = await gallery.collection(collectionName);
      const { items: found } = collection.listItems({ limit: 100 });
      expect(found).toEqual(
        items.map(({ vectorId: _, embedding: __, metadata, ...item }) => ({
          ...item,
          metadata: JSON.parse(metadata),
        })),
      );
      for (const { id, bytes } of items) expect((await collection.readImage(id)).bytes).toHaveLength(bytes);
    }
  });

  it('has every vector to the bit, under the id it had', async () => {
    await (await open()).close();
    const catalog = Catalog.open(catalogPath, { access: 'read' });
    opened.push(catalog);
    for (const { id: collectionId, items } of contents.collections) {
      const set = catalog.sets.findActive(collectionId);
      for (const { id, vectorId, embedding } of items) {
        expect(catalog.findItem(collectionId, id)?.vectorId).toBe(vectorId);
        const vector = catalog.sets.findEmbedding(vectorId, set?.dimension ?? 0);
        expect(Buffer.from((vector ?? new Float32Array()).buffer).toString('hex')).toBe(
          embedding.toLowerCase(),
        );
      }
    }
  });

  it('finds each of them by its picture, by the graph as exactly', async () => {
    const gallery = await open();
    for (const { name: collectionName, items } of contents.collections) {
      const collection = await gallery.collection(collectionName);
      for (const { id } of items) {
        const exactly = await answer(collection, id, true);
        expect([exactly[0], exactly.length]).toEqual([id, items.length]);
        expect(await answer(collection, id, false)).toEqual(exactly);
      }
    }
  });

  it('gives no id out that it ever gave', async () => {
    const gallery = await open();
    const chairs = await gallery.collection('chairs');
    const image = await createPicture('new', { width: 16, height: 12 });
    const [outcome] = await chairs.add([{ key: 'last.png', image, label: null, metadata: {} }]);
    const added = outcome.status === 'added' ? outcome.item.id : 0;
    // The last one was removed: the highest that there is is not the highest there was.
    expect(added).toBe(contents.lastIds.items + 1);
    expect(contents.collections.flatMap(({ items }) => items.map(({ id }) => id))).not.toContain(added);
    await gallery.close();
    const catalog = Catalog.open(catalogPath, { access: 'write' });
    opened.push(catalog);
    const { id = 0 } = catalog.findCollection('chairs') ?? {};
    expect(catalog.findItem(id, added)?.vectorId).toBe(contents.lastIds.vectors + 1);
    const set = { modelId: 'a@1', modelDirectory: 'a@1', dimension: 2 };
    expect(catalog.addCollection({ name: 'third', ...set }).id).toBe(contents.lastIds.collections + 1);
  });

  it('is as sound as a new one, of the same tables, and stays as it is when it is opened again', async () => {
    await (await open()).close();
    expect(pragmaOf(catalogPath, 'integrity_check')).toBe('ok');
    expect(pragmaOf(catalogPath, 'foreign_key_check')).toBeUndefined();
    const newPath = join(folder, 'new.sqlite');
    Catalog.open(newPath, { access: 'write', create: true }).close();
    expect(schemaOf(catalogPath)).toEqual(schemaOf(newPath));
    // What a snapshot lacks is written when a collection that was opened is closed.
    const again = await open();
    for (const { name: collectionName } of contents.collections) await again.collection(collectionName);
    await again.close();
    const [before, rows] = [await readFolder(directory), dump(catalogPath)];
    const third = await open();
    for (const { name: collectionName } of contents.collections) {
      expect((await third.collection(collectionName)).rebuiltBecause).toBeUndefined();
    }
    await third.close();
    expect(dump(catalogPath)).toEqual(rows);
    const after = await readFolder(directory);
    // Its journal mode is changed on opening and back on closing.
    expect({ ...after, 'catalog.sqlite': '' }).toEqual({ ...before, 'catalog.sqlite': '' });
  });

  if (contents.version < migrations.length) {
    it('is refused for reading, and left as it was', async () => {
      const before = await readFolder(directory);
      const expected = `has version ${contents.version}, expected ${migrations.length}: open it once for writing`;
      await expect(Gallery.open(directory, { access: 'read' })).rejects.toThrow(expected);
      expect(await readFolder(directory)).toEqual(before);
    });
  }

  it('knows the keys that were made in it', () => {
    const keys = KeyStore.open(directory, { access: 'write', onNotice: message => expect.fail(message) });
    opened.push(keys);
    expect(contents.keys.map(key => keys.verify(key)?.name)).toEqual(
      contents.keys.map((_, i) => (i === 0 ? 'shop' : undefined)),
    );
    expect(
      keys
        .list()
        .map(({ name: keyName, rateLimit }) => [keyName, rateLimit])
        .sort(),
    ).toEqual(contents.keys.map((_, i) => [i === 0 ? 'gone' : 'shop', 60]));
  });
});

it('has of a process that was killed a gallery whose last item is in the log alone', async () => {
  for (const name of keptGalleries.filter(one => one.endsWith('-killed'))) {
    expect((await readFile(keptFile(name, 'catalog.sqlite-wal'))).length).toBeGreaterThan(0);
    const keys = readContents(name).collections.flatMap(({ items }) => items.map(({ key }) => key));
    expect(keys).toContain('late.png');
    const file = await readFile(keptFile(name, 'catalog.sqlite'), 'latin1');
    expect(file).not.toContain('late.png');
  }
});
