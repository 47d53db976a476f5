import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MedoidError } from '../../../src/errors.js';
import { Gallery, type GalleryOptions } from '../../../src/gallery/gallery.js';
import { hashImage } from '../../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { beforeEmbedding, createGate, type Gate } from '../../fixtures/gate.js';
import { createPicture } from '../../fixtures/images.js';
import { followJob } from '../../fixtures/jobs.js';

const nothing = { added: 0, replaced: 0, updated: 0, unchanged: 0, failed: [], failedCount: 0 };

describe('the job that adds items', () => {
  let filled: FilledGallery;
  let gate: Gate;
  const opened: Gallery[] = [];

  const open = async (options: Partial<GalleryOptions> = {}): Promise<Gallery> => {
    const gallery = await Gallery.open(filled.directory, {
      access: 'write',
      threads: 1,
      runJobs: true,
      ...options,
    });
    opened.push(gallery);
    return gallery;
  };
  /** Stages the pictures and starts the job. */
  const start = async (gallery: Gallery, pictures: readonly Buffer[]): Promise<number> => {
    const collection = await gallery.collection('default');
    const staged = await Promise.all(pictures.map(picture => collection.stageImage(picture)));
    const items = staged.map(({ imageSha256 }, i) => ({ key: `new-${i}`, imageSha256, label: 'new' }));
    const { id } = gallery.jobs.start('add-items', 'default', { items });
    await Promise.all(staged.map(({ release }) => release()));
    return id;
  };
  const hasFile = (picture: Buffer): boolean => {
    const sha256 = hashImage(picture);
    return existsSync(join(filled.directory, 'images', sha256.slice(0, 2), sha256));
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 4 });
    gate = createGate();
  });
  afterEach(async () => {
    gate.stayOpen();
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it('adds what is staged and what lies at addresses, and says of each that failed why', async () => {
    const fetched: string[] = [];
    const gallery = await open({
      fetchImage: async url => {
        fetched.push(url);
        if (url.endsWith('/gone')) throw new MedoidError('not-found', 'it is gone');
        return createPicture(url);
      },
    });
    const collection = await gallery.collection('default');
    const { imageSha256, release } = await collection.stageImage(await createPicture('staged'));
    const { id } = gallery.jobs.start('add-items', 'default', {
      items: [
        { key: 'staged', imageSha256, label: 'a', metadata: { n: 1 } },
        { key: 'fetched', url: 'http://x/1' },
        { key: 'gone', url: 'http://x/gone' },
        { key: 'missing', imageSha256: 'f'.repeat(64) },
        { key: 'picture-0.png', imageSha256: hashImage(filled.pictures[0]), label: 'other' },
        { key: 'picture-1.png', imageSha256: hashImage(filled.pictures[0]) },
        { key: 'staged', url: 'http://x/2' },
      ],
    });
    await release();
    expect((await followJob(gallery.jobs, id)).job.result).toEqual({
      ...{ added: 2, replaced: 1, updated: 1, unchanged: 0, failedCount: 3 },
      failed: [
        { key: 'gone', code: 'not-found', message: 'it is gone' },
        { key: 'missing', code: 'not-found', message: expect.not.stringContaining(filled.directory) },
        { key: 'staged', code: 'invalid-request', message: expect.stringContaining('twice') },
      ],
    });
    expect(fetched).toEqual(['http://x/1', 'http://x/gone']);
    expect(collection.getItem(5)).toMatchObject({
      key: 'staged',
      label: 'a',
      metadata: { n: 1 },
      imageSha256,
    });
    expect(hasFile(filled.pictures[1])).toBe(false);
  });

  it('fetches nothing where nothing is to be fetched', async () => {
    const { jobs } = await open();
    const { id } = jobs.start('add-items', 'default', { items: [{ key: 'a', url: 'http://localhost/' }] });
    expect((await followJob(jobs, id)).job).toMatchObject({
      state: 'done',
      result: { ...nothing, failed: [{ key: 'a', code: 'url-not-allowed' }], failedCount: 1 },
    });
  });

  it('goes on where it was when the gallery was closed, and counts nothing twice', async () => {
    const pictures = await Promise.all(Array.from({ length: 80 }, (_, i) => createPicture(`new ${i}`)));
    const gallery = await open({ wrapEmbedder: inner => beforeEmbedding(inner, gate.pass) });
    const id = await start(gallery, pictures);
    // The first batch is written, the second is being embedded.
    await gate.reached();
    gate.open();
    await gate.reached();
    const closing = gallery.close();
    gate.stayOpen();
    await closing;
    const waiting = await open({ access: 'read' });
    expect(waiting.jobs.get(id)).toMatchObject({ state: 'queued', progress: { done: 32, total: 80 } });
    expect((await waiting.collection('default')).size).toBe(36);
    const again = await open();
    expect((await followJob(again.jobs, id)).job).toMatchObject({
      ...{ state: 'done', progress: { done: 80, total: 80 }, result: { ...nothing, added: 80 } },
    });
    const collection = await again.collection('default');
    expect(collection.size).toBe(84);
    const { results } = await collection.searchByImage(pictures[79], { k: 1 });
    expect(results[0].item).toMatchObject({ key: 'new-79', label: 'new' });
  });

  it('leaves nothing behind of what it had not come to when it is cancelled', async () => {
    const pictures = await Promise.all(Array.from({ length: 70 }, (_, i) => createPicture(`new ${i}`)));
    const gallery = await open({ wrapEmbedder: inner => beforeEmbedding(inner, gate.pass) });
    const id = await start(gallery, pictures);
    await gate.reached();
    gate.open();
    await gate.reached();
    const following = followJob(gallery.jobs, id);
    gallery.jobs.cancel(id);
    gate.stayOpen();
    expect((await following).job).toMatchObject({ state: 'cancelled', progress: { done: 32 } });
    // When it is closed nothing is under way any more.
    await gallery.close();
    expect(pictures.map(hasFile)).toEqual(pictures.map((_, i) => i < 32));
  });

  it('waits its turn where the model has too much to do', async () => {
    let refusals = 3;
    const gallery = await open({
      wrapEmbedder: inner =>
        beforeEmbedding(inner, async () => {
          if (refusals-- > 0) throw new MedoidError('overloaded', 'too much to do');
        }),
    });
    const id = await start(gallery, [await createPicture('new')]);
    expect((await followJob(gallery.jobs, id)).job).toMatchObject({ state: 'done', result: { added: 1 } });
    expect(refusals).toBe(-1);
  });

  it('keeps nobody waiting while it fetches from slow addresses', async () => {
    const gallery = await open({
      fetchImage: async url => {
        await gate.pass();
        return createPicture(url);
      },
    });
    const collection = await gallery.collection('default');
    const items = Array.from({ length: 40 }, (_, i) => ({ key: `slow-${i}`, url: `http://x/${i}` }));
    const { id } = gallery.jobs.start('add-items', 'default', { items });
    await gate.reached();
    expect(await collection.add([{ key: 'quick', image: await createPicture('quick') }])).toMatchObject([
      { status: 'added' },
    ]);
    expect(await collection.removeItems([1])).toMatchObject({ removed: 1 });
    expect(gallery.jobs.get(id).progress.done).toBe(0);
    gate.stayOpen();
    expect((await followJob(gallery.jobs, id)).job.result).toMatchObject({ added: 40 });
  });

  it('keeps no pixels of what it has written', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const decoded: WeakRef<Uint8Array>[] = [];
    const gallery = await open({
      wrapEmbedder: inner => ({
        ...beforeEmbedding(inner, gate.pass),
        async decode(image, options) {
          const pixels = await inner.decode(image, options);
          decoded.push(new WeakRef(pixels));
          return pixels;
        },
      }),
    });
    const pictures = await Promise.all(Array.from({ length: 128 }, (_, i) => createPicture(`new ${i}`)));
    await start(gallery, pictures);
    for (let batch = 0; batch < 3; batch++) {
      await gate.reached();
      gate.open();
    }
    await gate.reached();
    // What was looked at is kept until the turn is over.
    await new Promise(resolve => setImmediate(resolve));
    collectGarbage();
    // The last batch is being embedded.
    expect(decoded).toHaveLength(128);
    expect(decoded.filter(pixels => pixels.deref() !== undefined).length).toBeLessThanOrEqual(64);
  });

  it('lets go of the others when one fails unforeseen', async () => {
    const pictures = await Promise.all(Array.from({ length: 4 }, (_, i) => createPicture(`new ${i}`)));
    const bad = hashImage(pictures[0]);
    const gallery = await open({
      wrapEmbedder: inner => ({
        ...beforeEmbedding(inner, async () => undefined),
        async decode(image, options) {
          if (hashImage(image) !== bad) return inner.decode(image, options);
          await gate.pass();
          throw new Error('on purpose');
        },
      }),
      fetchImage: async url => pictures[Number(url.slice('http://x/'.length))],
    });
    const items = pictures.map((_, i) => ({ key: `new-${i}`, url: `http://x/${i}` }));
    const { id } = gallery.jobs.start('add-items', 'default', { items });
    await gate.reached();
    while (!pictures.slice(1).every(hasFile)) await new Promise(resolve => setImmediate(resolve));
    gate.open();
    expect((await followJob(gallery.jobs, id)).job.error?.code).toBe('internal-error');
    expect(pictures.some(hasFile)).toBe(false);
  });
});
