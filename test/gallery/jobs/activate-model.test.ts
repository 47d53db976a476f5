import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { EmbeddingSets } from '../../../src/catalog/embedding-sets.js';
import { loadModel } from '../../../src/embed/manifest.js';
import { Gallery, type GalleryOptions } from '../../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { beforeEmbedding, createGate, type Gate } from '../../fixtures/gate.js';
import { createPicture } from '../../fixtures/images.js';
import { followJob } from '../../fixtures/jobs.js';
import { createTinyModel } from '../../fixtures/tiny-model.js';

describe('the job that activates a model', () => {
  let filled: FilledGallery;
  let gate: Gate;
  let first: string;
  /** Ids of other models at hand. */
  let others: string[];
  const opened: Gallery[] = [];

  const open = async (options: Partial<GalleryOptions> = {}): Promise<Gallery> => {
    const modelsDirectory = join(filled.folder, 'models');
    const gallery = await Gallery.open(filled.directory, {
      access: 'write',
      threads: 1,
      runJobs: true,
      modelsDirectory,
      ...options,
    });
    opened.push(gallery);
    return gallery;
  };
  /** The other models stop at the gate before each batch. */
  const openGated = () =>
    open({
      wrapEmbedder: inner => (inner.modelId === first ? inner : beforeEmbedding(inner, gate.pass)),
    });
  const activate = async (gallery: Gallery, modelId: string) => {
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId });
    return (await followJob(gallery.jobs, id)).job;
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 70 });
    gate = createGate();
    first = (await loadModel(join(filled.folder, 'model'))).id;
    others = await Promise.all(
      [1, 2].map(async seed => {
        // Of another input size, so that what was decoded for one model is of no use to another.
        const options = { name: `other-${seed}`, seed, dimension: 8, resize: 40 };
        return (await loadModel(await createTinyModel(join(filled.folder, 'models', `${seed}`), options))).id;
      }),
    );
  });
  afterEach(async () => {
    gate.stayOpen();
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it('embeds everything anew, measures both models, and changes over', async () => {
    const closed: string[] = [];
    const gallery = await open({
      wrapEmbedder: inner => ({
        ...beforeEmbedding(inner, async () => undefined),
        close: async () => {
          closed.push(inner.modelId);
          await inner.close();
        },
      }),
    });
    const collection = await gallery.collection('default');
    const job = await activate(gallery, others[0]);
    expect(job).toMatchObject({ state: 'done', error: null, progress: { done: 70, total: 70 } });
    const recall = { 1: expect.any(Number), 4: expect.any(Number), 16: expect.any(Number) };
    expect(job.result).toEqual({
      ...{ modelId: others[0], previousModelId: first, embedded: 70 },
      recall: { before: recall, after: recall },
    });
    expect(collection.summary()).toMatchObject({
      modelId: others[0],
      previousModelId: first,
      dimension: 8,
      items: 70,
    });
    for (const exact of [false, true]) {
      const answer = await collection.searchByImage(filled.pictures[7], { k: 100, exact });
      expect(answer).toMatchObject({ modelId: others[0], results: { length: 70 } });
      expect(answer.results[0]).toMatchObject({ item: { key: 'picture-7.png' } });
      expect(answer.results[0].distance).toBeLessThan(1e-3);
    }
    // The model that nobody asks any more is let go.
    expect(closed).toEqual([first]);
  });

  it('rolls back by embedding only what is new, and keeps no model older than the one before', async () => {
    const gallery = await open();
    const collection = await gallery.collection('default');
    await activate(gallery, others[0]);
    await collection.add([
      { key: 'new', image: await createPicture('new') },
      { key: 'picture-1.png', image: await createPicture('replaced') },
    ]);
    await collection.removeItems([1]);
    expect((await activate(gallery, first)).result).toMatchObject({
      previousModelId: others[0],
      embedded: 2,
    });
    expect((await collection.searchByImage(await createPicture('new'), { k: 99 })).results).toHaveLength(70);
    expect((await activate(gallery, others[1])).result).toMatchObject({
      embedded: 70,
      previousModelId: first,
    });
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'read' });
    expect(catalog.sets.ids().map(id => catalog.sets.find(id)?.modelId)).toEqual([first, others[1]]);
    expect(catalog.sets.find(3)?.recall).toMatchObject({ 1: expect.any(Number) });
    catalog.close();
    await gallery.close();
    const files = (await readdir(join(filled.directory, 'index'))).sort();
    expect(files).toEqual(['1.hnsw', '1.json', '3.hnsw', '3.json']);
    const again = await (await open()).collection('default');
    expect([await again.rebuiltBecause(), again.modelId]).toEqual([undefined, others[1]]);
  });

  it('fails no search, loses no add, and mixes no models while it goes on', async () => {
    const gallery = await openGated();
    const collection = await gallery.collection('default');
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId: others[0] });
    let failures = 0;
    let added = 0;
    let running = true;
    const seen = new Set<string>();
    const search = async (offset: number): Promise<void> => {
      for (let i = offset; running; i = i === 69 ? 2 : i + 1) {
        try {
          const answer = await collection.searchByImage(filled.pictures[i], { k: 3, exact: i % 2 === 0 });
          seen.add(answer.modelId);
          const [{ item, distance }] = answer.results;
          if (item.key !== `picture-${i}.png` || distance > 1e-3 || answer.results.length !== 3) failures++;
        } catch {
          failures++;
        }
      }
    };
    const add = async (): Promise<void> => {
      while (running && failures === 0) {
        const image = await createPicture(`added ${added}`);
        const [outcome] = await collection
          .add([{ key: `added-${added}`, image }])
          .catch(() => [{ status: 'failed' as const }]);
        if (outcome.status === 'added') added++;
        else failures++;
      }
    };
    const busy = [search(2), search(30), add()];
    // Batch after batch, while the others go on.
    await gate.reached();
    gate.open();
    await gate.reached();
    // Of the first batch, which has been embedded.
    await collection.removeItems([1]);
    await collection.add([{ key: 'picture-1.png', image: await createPicture('replaced') }]);
    gate.stayOpen();
    const { job } = await followJob(gallery.jobs, id);
    const before = added;
    while (added < before + 3 && failures === 0) await new Promise(resolve => setImmediate(resolve));
    running = false;
    await Promise.all(busy);
    expect(job).toMatchObject({ state: 'done', error: null });
    expect(failures).toBe(0);
    expect([...seen].sort()).toEqual([first, others[0]].sort());
    expect(collection.size).toBe(69 + added);
    for (const exact of [false, true]) {
      const { results, modelId } = await collection.searchByImage(await createPicture('replaced'), {
        k: 10_000,
        exact,
      });
      expect([results.length, modelId]).toEqual([69 + added, others[0]]);
      expect(results[0].item.key).toBe('picture-1.png');
    }
    const last = await collection.searchByImage(await createPicture(`added ${added - 1}`), { k: 1 });
    expect(last.results[0].item.key).toBe(`added-${added - 1}`);
  });

  it('fails no search that began before it and ends after an item has gone', async () => {
    const gallery = await open({
      wrapEmbedder: inner => (inner.modelId === first ? beforeEmbedding(inner, gate.pass) : inner),
    });
    const collection = await gallery.collection('default');
    const searches = [false, true].map(exact =>
      collection.searchByImage(filled.pictures[0], { k: 70, exact }),
    );
    await gate.reached();
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId: others[0] });
    while (collection.modelId === first && gallery.jobs.get(id).state === 'running') {
      await new Promise(resolve => setImmediate(resolve));
    }
    await collection.removeItems([1]);
    await collection.add([{ key: 'picture-1.png', image: await createPicture('replaced') }]);
    gate.stayOpen();
    for (const { results, modelId } of await Promise.all(searches)) {
      expect(modelId).toBe(first);
      const keys = results.map(({ item }) => item.key);
      expect([keys.length, keys.includes('picture-0.png'), keys.includes('picture-1.png')]).toEqual([
        ...[68, false, false],
      ]);
    }
    expect((await followJob(gallery.jobs, id)).job.state).toBe('done');
  });

  it('goes on where it was when the gallery was closed, to the same result', async () => {
    const gallery = await openGated();
    gallery.jobs.start('activate-model', 'default', { modelId: others[0] });
    await gate.reached();
    gate.open();
    await gate.reached();
    const closing = gallery.close();
    gate.stayOpen();
    await closing;
    const reader = await open({ access: 'read' });
    expect(reader.jobs.get(1)).toMatchObject({ state: 'queued', progress: { done: 64, total: 70 } });
    const readerCollection = await reader.collection('default');
    expect(readerCollection.modelId).toBe(first);
    let pictures = 0;
    const again = await open({
      wrapEmbedder: inner =>
        beforeEmbedding(inner, async count => {
          pictures += count;
        }),
    });
    const { job } = await followJob(again.jobs, 1);
    expect(job).toMatchObject({ state: 'done', result: { embedded: 70, previousModelId: first } });
    // What was written before is not embedded again.
    expect(pictures).toBe(6);
    // The reader beside it sees that another model answers.
    const answer = await readerCollection.searchByImage(filled.pictures[3], { k: 1 });
    expect(answer).toMatchObject({ modelId: others[0], results: [{ item: { key: 'picture-3.png' } }] });
  });

  it('changes nothing when it is cancelled or an image is missing, and says which', async () => {
    const gallery = await openGated();
    const collection = await gallery.collection('default');
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId: others[0] });
    await gate.reached();
    const following = followJob(gallery.jobs, id);
    gallery.jobs.cancel(id);
    gate.stayOpen();
    expect((await following).job.state).toBe('cancelled');
    expect(collection.modelId).toBe(first);
    const { imageSha256 } = collection.getItem(40);
    await rm(join(filled.directory, 'images', imageSha256.slice(0, 2), imageSha256));
    const failed = await activate(gallery, others[0]);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'invalid-gallery' } });
    expect(failed.error?.message).toMatch(/^item 40: /);
    expect((await collection.searchByImage(filled.pictures[3], { k: 100 })).results).toHaveLength(70);
    // Without it, it goes through.
    await collection.removeItems([40]);
    expect(await activate(gallery, others[0])).toMatchObject({ state: 'done' });
  });

  it('does not count all vectors again for each batch', async () => {
    const gallery = await open();
    const collection = await gallery.collection('default');
    await collection.add(
      await Promise.all(
        Array.from({ length: 130 }, async (_, i) => ({
          key: `more-${i}`,
          image: await createPicture(i + 70),
        })),
      ),
    );
    const counting = vi.spyOn(EmbeddingSets.prototype, 'countVectors');
    const { result, progress } = await activate(gallery, others[0]);
    const counted = counting.mock.calls.length;
    counting.mockRestore();
    expect([result, progress]).toMatchObject([{ embedded: 200 }, { done: 200, total: 200 }]);
    // Seven batches; before, after, and while nothing else is written.
    expect(counted).toBeLessThanOrEqual(3);
  });

  it('does nothing when the model answers already, also when it was asked for twice', async () => {
    const gallery = await open();
    expect((await activate(gallery, first)).result).toEqual({
      ...{ modelId: first, previousModelId: first, embedded: 0 },
      recall: { before: null, after: null },
    });
    const ids = [1, 2].map(() => gallery.jobs.start('activate-model', 'default', { modelId: others[0] }).id);
    const [once, twice] = [await followJob(gallery.jobs, ids[0]), await followJob(gallery.jobs, ids[1])];
    const { recall } = once.job.result as { recall: { after: unknown } };
    expect(recall.after).not.toBeNull();
    expect(twice.job).toMatchObject({ state: 'done', error: null });
    expect(twice.job.result).toEqual({
      ...{ modelId: others[0], previousModelId: others[0], embedded: 0 },
      recall: { before: recall.after, after: recall.after },
    });
    // The one before may still be brought back.
    expect((await gallery.collection('default')).summary().previousModelId).toBe(first);
  });

  it('has no recall to tell where too few items have labels', async () => {
    const gallery = await open();
    const collection = await gallery.collection('default');
    for (const { id, label } of collection.listItems({ limit: 100 }).items) {
      if (label !== 'label-0') await collection.updateItem(id, { label: null });
    }
    expect((await activate(gallery, others[0])).result).toMatchObject({
      recall: { before: null, after: null },
    });
  });
});
