import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { loadModel } from '../../src/embed/manifest.js';
import type { Collection } from '../../src/gallery/collection.js';
import { Gallery, type GalleryOptions } from '../../src/gallery/gallery.js';
import { storeModel } from '../../src/gallery/model-store.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { beforeEmbedding, createGate } from '../fixtures/gate.js';
import { followJob } from '../fixtures/jobs.js';
import { openSpace } from '../fixtures/open-space.js';
import { createTinyModel } from '../fixtures/tiny-model.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('the space a collection is searched in', () => {
  let filled: FilledGallery;
  const opened: { close(): unknown }[] = [];

  const open = async (options: GalleryOptions): Promise<Gallery> => {
    const gallery = await Gallery.open(filled.directory, { threads: 1, ...options });
    opened.push(gallery);
    return gallery;
  };
  /** As another process would have it open. */
  const openCatalog = (): Catalog => {
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    opened.push(catalog);
    return catalog;
  };
  /** Embeds everything with another model and puts it in the place of the one there is. */
  const activateOther = async (catalog: Catalog, seed: number): Promise<string> => {
    const path = await createTinyModel(join(filled.folder, `other-${seed}`), {
      name: 'other',
      seed,
      dimension: 8,
    });
    const model = await loadModel(path);
    const modelDirectory = await storeModel(join(filled.directory, 'models'), model);
    const { id } = catalog.findCollection('default') as { id: number };
    const set = catalog.sets.ensure(id, { modelId: model.id, modelDirectory, dimension: 8 });
    const embedder = await OnnxEmbedder.open(path, { threads: 1 });
    for (const item of catalog.sets.listUnembedded(set.id, { afterId: 0, limit: 100 })) {
      const [embedding] = await embedder.embed([filled.pictures[item.id - 1]]);
      catalog.sets.addVector(set.id, item, embedding);
    }
    await embedder.close();
    catalog.sets.activate(id, set.id);
    return model.id;
  };
  const nearestKey = async (collection: Collection, picture: number): Promise<string> =>
    (await collection.searchByImage(filled.pictures[picture], { k: 3 })).results[0].item.key;

  beforeEach(async () => {
    filled = await createFilledGallery();
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
    await filled.remove();
  });

  it('is another one as soon as another process says so, and the models are never mixed', async () => {
    const catalog = openCatalog();
    const reader = await open({ access: 'read' });
    const collection = await reader.collection('default');
    const before = (await collection.searchByImage(filled.pictures[0], { k: 1 })).modelId;
    for (const seed of [1, 2, 3]) {
      const modelId = await activateOther(catalog, seed);
      // Ten at once: the new space is opened once, and each answer is of one model.
      const answers = await Promise.all(
        filled.pictures.slice(0, 10).map(picture => collection.searchByImage(picture, { k: 12 })),
      );
      for (const [i, answer] of answers.entries()) {
        expect(answer).toMatchObject({ modelId, results: { length: 12 } });
        expect(answer.results[0].item.key).toBe(`picture-${i}.png`);
        expect(answer.results[0].distance).toBeLessThan(1e-3);
      }
      expect(await reader.collection('default')).toBe(collection);
      expect(collection.summary()).toMatchObject({ modelId, dimension: 8, items: 12 });
      expect(modelId).not.toBe(before);
    }
    // The one before is kept, older ones are not.
    expect(catalog.sets.ids()).toEqual([3, 4]);
  });

  it('finishes an answer in another space when its own is removed meanwhile', async () => {
    const catalog = openCatalog();
    let onDecode = async (): Promise<void> => undefined;
    const reader = await open({
      access: 'read',
      wrapEmbedder: inner => ({
        modelId: inner.modelId,
        dimension: inner.dimension,
        embed: images => inner.embed(images),
        async decode(image) {
          await onDecode();
          return inner.decode(image);
        },
        embedPixels: pixels => inner.embedPixels(pixels),
        close: () => inner.close(),
      }),
    });
    const collection = await reader.collection('default');
    const activated: string[] = [];
    onDecode = async () => {
      for (const seed of [1, 2]) if (activated.length < 2) activated.push(await activateOther(catalog, seed));
    };
    const answer = await collection.searchByImage(filled.pictures[5], { k: 1 });
    expect(answer.modelId).toBe(activated[1]);
    expect(answer.results[0].item.key).toBe('picture-5.png');
  });

  it('is gone with its collection, and is not that of another of the same name', async () => {
    const catalog = openCatalog();
    const reader = await open({ access: 'read' });
    const collection = await reader.collection('default');
    catalog.removeCollection(1);
    await expect(reader.collection('default')).rejects.toThrow(withCode('not-found'));
    await expect(collection.searchByImage(filled.pictures[0], { k: 1 })).rejects.toThrow(
      withCode('not-found'),
    );
    const [modelDirectory] = await readdir(join(filled.directory, 'models'));
    const modelId = decodeURIComponent(modelDirectory);
    catalog.addCollection({ name: 'default', modelId, modelDirectory, dimension: 16 });
    const again = await reader.collection('default');
    expect(again).not.toBe(collection);
    expect((await again.searchByImage(filled.pictures[0], { k: 1 })).results).toEqual([]);
  });

  it('is saved while the gallery is open, once enough has changed', async () => {
    const catalog = openCatalog();
    const set = catalog.addCollection({ name: 'own', modelId: 'm@1', modelDirectory: 'm@1', dimension: 2 });
    const space = await openSpace({
      catalog,
      set: catalog.sets.find(set.setId) as EmbeddingSetRow,
      indexPath: join(filled.folder, 'own.hnsw'),
    });
    const add = (count: number, firstId: number): void =>
      space.apply({ add: createUnitVectors(count, 2, { firstId, seed: firstId }), remove: [] });
    await space.save();
    add(1000, 1);
    expect(space.isSaveDue()).toBe(false);
    space.apply({ add: [], remove: [1] });
    expect([space.isSaveDue(), space.isSaveDue()]).toEqual([true, false]);
    await space.save();
    add(10_001, 2000);
    expect(space.isSaveDue()).toBe(true);
    await space.save();
    // A tenth of 12,100 is more than 1100.
    add(1100, 20_000);
    expect(space.isSaveDue()).toBe(false);
    add(150, 30_000);
    expect(space.isSaveDue()).toBe(true);
  });

  it('says how alike pictures are as soon as there are enough of them', async () => {
    const catalog = openCatalog();
    const set = catalog.addCollection({ name: 'own', modelId: 'm@1', modelDirectory: 'm@1', dimension: 2 });
    const space = await openSpace({
      catalog,
      set: catalog.sets.find(set.setId) as EmbeddingSetRow,
      indexPath: join(filled.folder, 'own.hnsw'),
    });
    const vectors = createUnitVectors(25, 2);
    space.apply({ add: vectors.slice(0, 15), remove: [] });
    expect(space.similarityScale()).toBeUndefined();
    space.apply({ add: vectors.slice(15), remove: [] });
    expect(space.similarityScale()?.(0.01)).toBeGreaterThan(0.9);
    expect(space.similarityScale()).toBe(space.similarityScale());
    space.apply({ add: [], remove: vectors.slice(0, 15).map(({ id }) => id) });
    expect(space.similarityScale()).toBeUndefined();
  });

  it('lets no snapshot lie around that is of no set, or half-written', async () => {
    const index = join(filled.directory, 'index');
    for (const name of ['7.hnsw', '7.json', '1.hnsw.tmp', 'notes.txt'])
      await writeFile(join(index, name), '');
    await open({ access: 'write' });
    expect((await readdir(index)).sort()).toEqual(['1.hnsw', '1.json', 'notes.txt']);
  });

  it('answers with the nearest still, and keeps what was added, when the models are swapped twice', async () => {
    const catalog = openCatalog();
    await activateOther(catalog, 1);
    await activateOther(catalog, 2);
    const collection = await (await open({ access: 'write' })).collection('default');
    expect(await nearestKey(collection, 3)).toBe('picture-3.png');
    // Replaced, it loses the vectors of all models.
    await collection.add([{ key: 'picture-3.png', image: filled.pictures[4] }]);
    const vectors = [2, 3].map(id => catalog.sets.vectorIds(id).length);
    expect(vectors).toEqual([11, 12]);
  });

  it('finds no item that was deleted once another model had taken its place', async () => {
    const models = join(filled.folder, 'models');
    await createTinyModel(join(models, 'other'), { name: 'other', seed: 1, dimension: 8 });
    const gate = createGate();
    const gallery = await open({
      access: 'write',
      modelsDirectory: models,
      runJobs: true,
      wrapEmbedder: inner =>
        inner.modelId.startsWith('tiny') ? beforeEmbedding(inner, () => gate.pass()) : inner,
    });
    const collection = await gallery.collection('default');
    const searching = collection.searchByImage(filled.pictures[0], { k: 12 });
    await gate.reached();
    const [{ id: modelId }] = await gallery.listModels();
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId });
    expect((await followJob(gallery.jobs, id)).job.state).toBe('done');
    await collection.removeItems([1]);
    await collection.add([{ key: 'picture-1.png', image: filled.pictures[2] }]);
    gate.stayOpen();
    const { modelId: answeredBy, results } = await searching;
    expect(answeredBy).toMatch(/^tiny@/);
    expect(results.map(({ item }) => item.id).sort((a, b) => a - b)).toEqual([
      3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
  });
});
