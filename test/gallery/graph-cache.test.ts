import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { CollectionRow } from '../../src/catalog/rows.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { GraphCache } from '../../src/gallery/graph-cache.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { slowClock } from '../fixtures/count-turns.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

describe('a graph that is built', () => {
  it('lacks nothing that was added or removed meanwhile, in whatever step of it', async () => {
    const dimension = 4;
    const [first, added, ...rest] = createUnitVectors(12, dimension);
    for (let step = 0; step < 60; step++) {
      const vectors = new ExactIndex(dimension);
      vectors.add([first, ...rest]);
      const cache = new GraphCache({
        vectors,
        modelId: 'm@1',
        lastVectorId: 12,
        path: join(tmpdir(), 'medoid-no-such-folder', '1.hnsw'),
        access: 'read',
        snapshotAfter: 1000,
        notify: vi.fn(),
      });
      await cache.rebuiltBecause;
      for (let i = 0; i < step; i++) await undefined;
      const change = { add: [added], remove: [first.id] };
      vectors.add(change.add);
      vectors.remove(change.remove);
      cache.apply(change);
      await cache.ready;
      const ids = [...(cache.graph?.ids() ?? [])].sort();
      expect(ids, `changed in step ${step}`).toEqual([...vectors.ids()].sort());
      await cache.close();
    }
  });
});

describe('a snapshot that can be neither used nor removed', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-graph-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is told of, and the graph is built all the same', async () => {
    const path = join(folder, '1.hnsw');
    await mkdir(join(path, 'a folder in its place'), { recursive: true });
    const vectors = new ExactIndex(4);
    vectors.add(createUnitVectors(12, 4));
    const notices: string[] = [];
    const cache = new GraphCache({
      vectors,
      modelId: 'm@1',
      lastVectorId: 12,
      path,
      access: 'write',
      snapshotAfter: 1000,
      notify: message => void notices.push(message),
    });
    expect((await cache.ready).size).toBe(12);
    await cache.close();
    expect(notices[0]).toMatch(/1\.hnsw cannot be used, nor removed: /);
  });
});

describe('a gallery whose index is built anew', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let restoreClock = (): void => undefined;

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 1 });
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    const { id, dimension } = catalog.findCollection('default') as CollectionRow;
    const image = { imageSha256: 'a'.repeat(64), format: 'png', width: 4, height: 3, bytes: 100 };
    catalog.transaction(() => {
      for (const { id: number, vector: embedding } of createUnitVectors(2000, dimension))
        catalog.addItem(id, `many-${number}`, { ...image, embedding, label: null, metadata: {} });
    });
    catalog.close();
    await rm(join(filled.directory, 'index'), { recursive: true });
    restoreClock = slowClock();
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
  });
  afterEach(async () => {
    await gallery.close();
    restoreClock();
    await filled.remove();
  });

  it('is closed without waiting for it, though its recall is to be measured', async () => {
    const collection = await gallery.collection('default');
    const probing = collection.probeRecall({ seed: 1 });
    await Promise.all([
      expect(probing).rejects.toThrow(expect.objectContaining({ code: 'interrupted' })),
      gallery.close(),
    ]);
  });

  it('is told to stop while it waits to save it', async () => {
    const collection = await gallery.collection('default');
    const stop = new AbortController();
    const saving = collection.save(stop.signal);
    stop.abort();
    await expect(saving).rejects.toThrow(expect.objectContaining({ code: 'interrupted' }));
  });
});
