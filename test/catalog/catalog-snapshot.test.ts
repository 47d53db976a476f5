import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { CatalogSnapshot } from '../../src/catalog/catalog-snapshot.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';

describe('a snapshot of a catalog', () => {
  let filled: FilledGallery;
  let path: string;
  let writer: Catalog;
  let snapshot: CatalogSnapshot;
  let target: string;
  const collectionId = 1;

  const addItem = (i: number) =>
    writer.addItem(collectionId, `added-${i}`, {
      ...{ label: null, metadata: { long: 'x'.repeat(4000) }, imageSha256: String(i).padStart(64, '0') },
      ...{ format: 'png', width: 4, height: 3, bytes: 9, embedding: new Float32Array(16).fill(0.25) },
    });

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 3 });
    path = join(filled.directory, 'catalog.sqlite');
    target = join(filled.folder, 'copy.sqlite');
    writer = Catalog.open(path, { access: 'write' });
    // More pages than are copied at once.
    writer.transaction(() => {
      for (let i = 0; i < 1500; i++) addItem(i);
    });
    snapshot = CatalogSnapshot.take(path);
  });
  afterEach(async () => {
    snapshot.close();
    writer.close();
    await filled.remove();
  });

  it('answers of its moment, whatever is written since', () => {
    const images = snapshot.listImages();
    writer.removeItem(collectionId, 1);
    addItem(2000);
    expect(snapshot.counts()).toEqual({ collections: 1, items: 1503 });
    expect(snapshot.listImages()).toEqual(images);
    const next = CatalogSnapshot.take(path);
    expect(next.listImages()).toHaveLength(1503);
    expect(next.listImages(snapshot.mark)).toEqual(['2000'.padStart(64, '0')]);
    next.close();
  });

  it('is copied as it was at its moment, while others write between the pages', async () => {
    let writes = 0;
    await snapshot.copyTo(target, {
      onProgress: () => {
        addItem(3000 + writes);
        writer.removeItem(collectionId, 10 + writes);
        writes++;
      },
    });
    expect(writes).toBeGreaterThan(2);
    // One file: without a log, and for whoever may only read.
    expect((await readdir(filled.folder)).filter(name => name.startsWith('copy'))).toEqual(['copy.sqlite']);
    const copy = new Database(target, { readonly: true });
    expect(copy.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT count(*), max(id) FROM items').raw().get()).toEqual([1503, 1503]);
    expect(copy.prepare('SELECT count(*) FROM vectors').pluck().get()).toBe(1503);
    copy.close();
  });

  it('stops copying when it is told to', async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const copying = snapshot.copyTo(target, { signal: stop.signal, onProgress });
    await expect(copying).rejects.toMatchObject({ code: 'interrupted' });
    await rm(target, { force: true });
  });
});
