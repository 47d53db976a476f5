import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CatalogSnapshot } from '../../src/catalog/catalog-snapshot.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { readFolder } from '../fixtures/read-folder.js';

const losses: Record<string, (catalog: string) => Promise<void>> = {
  'is gone': catalog => rm(catalog),
  'has no bytes': catalog => writeFile(catalog, ''),
  'has no tables': async catalog => {
    await rm(catalog);
    const database = new Database(catalog);
    database.exec('CREATE TABLE a (b); DROP TABLE a');
    database.close();
  },
};

describe('a gallery whose catalog', () => {
  let filled: FilledGallery;
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 3 });
  });
  afterEach(() => filled.remove());

  it.each(Object.keys(losses))('%s is refused, and keeps its pictures', async loss => {
    const { directory } = filled;
    const catalog = join(directory, 'catalog.sqlite');
    await losses[loss](catalog);
    const before = await readFolder(join(directory, 'images'));
    for (const options of [{ create: true }, { create: false }]) {
      const opening = Gallery.open(directory, { access: 'write', threads: 1, ...options });
      await expect(opening).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid-gallery|file-not-found)$/),
      });
    }
    expect(await readFolder(join(directory, 'images'))).toEqual(before);
    expect(Object.values(before).filter(bytes => bytes !== 'folder')).toHaveLength(3);
    expect(() => CatalogSnapshot.take(catalog)).toThrow(/is empty: expected a catalog|there is no/);
    await rm(join(directory, 'images'), { recursive: true });
    const opened = await Gallery.open(directory, { access: 'write', create: true, threads: 1 });
    expect(opened.listCollections()).toEqual([]);
    await opened.close();
  });
});
