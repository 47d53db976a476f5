import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyStore } from '../../../src/catalog/key-store.js';
import { restoreBackup } from '../../../src/gallery/backup/restore-backup.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { imageFile } from '../../../src/gallery/image-file.js';
import { hashImage } from '../../../src/images/decode.js';
import { backUp, unstopped } from '../../fixtures/back-up.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { createPicture } from '../../fixtures/images.js';
import { copyKeptGallery, keptGalleries, readContents } from '../../fixtures/kept-galleries.js';
import { readEntries } from '../../fixtures/pack-backup.js';
import { createTinyModel } from '../../fixtures/tiny-model.js';

const signal = unstopped;

describe('a backup', () => {
  let filled: FilledGallery;
  let at: (name: string) => string;
  let gallery: string;
  const hashOf = (i: number): string => hashImage(filled.pictures[i]);
  const inGallery = (...names: string[]): string => join(gallery, ...names);
  const modelFolder = async (): Promise<string> => (await readdir(inGallery('models')))[0];

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 4 });
    gallery = filled.directory;
    at = name => join(filled.folder, name);
  });
  afterEach(() => filled.remove());

  const restore = async () => {
    const restored = await restoreBackup(at('b.tar'), at('restored'), { signal });
    const opened = await Gallery.open(at('restored'), { access: 'write', threads: 1 });
    return { restored, opened };
  };

  it('makes the same gallery, that searches and goes on', async () => {
    const keys = KeyStore.open(gallery, { access: 'write', onNotice: () => undefined });
    const { key } = keys.create({ name: 'me', scopes: ['write'], rateLimit: null });
    keys.close();
    const report = await backUp(gallery, at('b.tar'));
    expect(report).toMatchObject({ collections: 1, items: 4, images: 4, models: 1, missing: [] });
    expect(report.bytes).toBe((await stat(at('b.tar'))).size);
    expect(await readdir(filled.folder)).toEqual(['b.tar', 'gallery', 'model']);

    const { restored, opened } = await restore();
    expect(restored.summary).toMatchObject({ items: 4, missing: [] });
    const collection = await opened.collection('default');
    const { results } = await collection.searchByImage(filled.pictures[2]);
    expect(results[0]).toMatchObject({ item: { key: 'picture-2.png', metadata: { number: 2 } } });
    expect((await collection.readImage(3)).bytes.equals(filled.pictures[2])).toBe(true);
    const added = await collection.add([{ key: 'more.png', image: await createPicture('more') }]);
    expect(added).toMatchObject([{ status: 'added', item: { id: 5 } }]);
    await opened.close();
    const restoredKeys = KeyStore.open(at('restored'), { access: 'read', onNotice: () => undefined });
    expect(restoredKeys.verify(key)).toMatchObject({ name: 'me' });
    restoredKeys.close();
  });

  it('is for its owner only, and so are the keys in what is made of it', async () => {
    const keys = KeyStore.open(gallery, { access: 'write', onNotice: () => undefined });
    keys.create({ name: 'me', scopes: ['read'], rateLimit: null });
    keys.close();
    await backUp(gallery, at('b.tar'));
    await restoreBackup(at('b.tar'), at('restored'), { signal });
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(at('b.tar'))).toBe(0o600);
    expect(await modeOf(join(at('restored'), 'keys.sqlite'))).toBe(0o600);
    expect(await modeOf(at('restored'))).toBe(await modeOf(at('gallery')));
  });

  it('has all but the images that are lost, tells which, and can be restored', async () => {
    await rm(inGallery(imageFile(hashOf(1))));
    await writeFile(inGallery(imageFile(hashOf(2))), 'damaged');
    const report = await backUp(gallery, at('b.tar'));
    expect(report).toMatchObject({ items: 4, images: 2 });
    const byReason = [...report.missing].sort((a, b) => (a.reason < b.reason ? 1 : -1));
    expect(byReason).toEqual([
      { name: imageFile(hashOf(1)), reason: expect.stringMatching(/missing: ENOENT/) },
      { name: imageFile(hashOf(2)), reason: expect.stringMatching(/damaged: its bytes have SHA-256/) },
    ]);
    const { restored, opened } = await restore();
    expect(restored.summary.missing).toEqual(report.missing);
    const collection = await opened.collection('default');
    const { results } = await collection.searchByImage(filled.pictures[1]);
    expect(results[0]).toMatchObject({ item: { key: 'picture-1.png' } });
    await opened.close();
  });

  it('has all but a model that is lost and keys that cannot be read', async () => {
    const folder = await modelFolder();
    await rm(inGallery('models', folder, 'model.onnx'));
    await writeFile(inGallery('keys.sqlite'), 'no keys');
    const { missing, images, models } = await backUp(gallery, at('b.tar'));
    expect([images, models]).toEqual([4, 0]);
    expect(missing).toEqual([
      { name: `models/${folder}`, reason: expect.stringMatching(/weights are missing/) },
      { name: 'keys.sqlite', reason: expect.stringMatching(/cannot be opened/) },
    ]);
    const { opened } = await restore();
    expect(opened.listCollections()).toMatchObject([{ name: 'default', items: 4 }]);
    await opened.close();
  });

  it('has the catalog and the keys when all else is lost', async () => {
    for (const name of ['models', 'images']) await rm(inGallery(name), { recursive: true });
    const told: string[] = [];
    const report = await backUp(gallery, at('b.tar'), { notify: message => told.push(message) });
    expect(report).toMatchObject({ items: 4, images: 0, models: 0 });
    expect(report.missing).toHaveLength(5);
    expect(told).toEqual([expect.stringMatching(/left out: ENOENT/)]);
    const { opened } = await restore();
    expect(opened.listCollections()).toMatchObject([{ name: 'default', items: 4 }]);
    await opened.close();
  });

  it('has models that no collection has, and leaves out what is none', async () => {
    const folder = await modelFolder();
    const other = await createTinyModel(inGallery('models', 'other'), { seed: 7 });
    await createTinyModel(inGallery('models', 'begun.tmp'));
    await mkdir(inGallery('models', 'none'));
    const told: string[] = [];
    const { models } = await backUp(gallery, at('b.tar'), { notify: message => told.push(message) });
    expect(models).toBe(2);
    expect(told).toEqual([expect.stringMatching(/^models\/none is left out/)]);
    await restoreBackup(at('b.tar'), at('restored'), { signal });
    const restored = join(at('restored'), 'models');
    expect((await readdir(restored)).sort()).toEqual([folder, 'other'].sort());
    const weights = await Promise.all(
      [other, join(restored, 'other')].map(d => readFile(join(d, 'model.onnx'))),
    );
    expect(weights[0].equals(weights[1])).toBe(true);
  });

  it('fails, and leaves nothing, where the catalog is damaged', async () => {
    const bytes = await readFile(inGallery('catalog.sqlite'));
    bytes.fill(0xff, bytes.length - 20_000, bytes.length - 4000);
    await writeFile(inGallery('catalog.sqlite'), bytes);
    const refusal = await backUp(gallery, at('b.tar')).catch(error => error);
    expect(refusal.message).toMatch(/damaged|malformed/);
    expect(await readdir(filled.folder)).toEqual(['gallery', 'model']);
  });

  it.each(keptGalleries)(
    'is of %s, as an earlier program left it, and is made into a gallery of today',
    async name => {
      await copyKeptGallery(name, at('kept'));
      const { collections, keys } = readContents(name);
      const items = collections.flatMap(collection => collection.items);
      const before = await readFile(at('kept/catalog.sqlite'));
      expect(await backUp(at('kept'), at('b.tar'))).toMatchObject({ items: items.length, missing: [] });
      expect((await readFile(at('kept/catalog.sqlite'))).equals(before)).toBe(true);
      const { opened } = await restore();
      for (const collection of collections) {
        const restored = await opened.collection(collection.name);
        for (const { id, key, label, imageSha256 } of collection.items) {
          expect(restored.getItem(id)).toMatchObject({ key, label, imageSha256 });
          const { bytes } = await restored.readImage(id);
          const { results } = await restored.searchByImage(bytes, { k: 100 });
          expect(results.filter(({ distance }) => distance < 1e-3).map(({ item }) => item.id)).toContain(id);
        }
      }
      await opened.close();
      const store = KeyStore.open(at('restored'), { access: 'read', onNotice: () => undefined });
      expect(keys.map(key => store.verify(key) !== undefined)).toEqual(keys.map((_, i) => i === 0));
      store.close();
    },
  );

  it('leaves out of the gallery what its catalog does not need', async () => {
    const opened = await Gallery.open(gallery, { access: 'write', threads: 1 });
    const collection = await opened.collection('default');
    let removal: Promise<unknown> | undefined;
    // Once all are copied: the snapshot that the backup ends with comes after it.
    const onImages = (done: number): void => {
      if (done === 4) removal ??= collection.removeItems([1]);
    };
    const report = await backUp(gallery, at('b.tar'), { onImages });
    await removal;
    await opened.close();
    expect((await readEntries(at('b.tar'))).map(({ name }) => name)).toContain(imageFile(hashOf(0)));
    await restoreBackup(at('b.tar'), at('restored'), { signal });
    const [folder] = [join(at('restored'), 'images', hashOf(0).slice(0, 2))];
    const names = await readdir(folder).catch((): string[] => []);
    expect([report.items, names.includes(hashOf(0))]).toEqual([3, false]);
  });

  it('takes no place that it should not', async () => {
    await backUp(gallery, at('b.tar'));
    const before = await readFile(at('b.tar'));
    await expect(backUp(gallery, at('b.tar'))).rejects.toMatchObject({ code: 'out-exists' });
    expect((await readFile(at('b.tar'))).equals(before)).toBe(true);
    await backUp(gallery, at('b.tar'), { overwrite: true });
    const overwrite = true;
    await expect(backUp(gallery, at('model'), { overwrite })).rejects.toMatchObject({ code: 'out-exists' });
    const inside = [inGallery('b.tar'), inGallery('images', 'b.tar'), join(at('model'), '../gallery/b.tar')];
    for (const path of inside)
      await expect(backUp(gallery, path)).rejects.toMatchObject({ code: 'invalid-option', field: 'file' });
    await expect(backUp(gallery, at('no/b.tar'))).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(backUp(at('model'), at('c.tar'))).rejects.toMatchObject({ code: 'file-not-found' });
    // A sibling whose name begins like the gallery's is no part of it.
    await mkdir(`${gallery}-backups`);
    await backUp(gallery, join(`${gallery}-backups`, 'b.tar'));
  });

  it('is made into a gallery only where there is none', async () => {
    await backUp(gallery, at('b.tar'));
    const code = 'out-exists';
    await expect(restoreBackup(at('b.tar'), gallery, { signal })).rejects.toMatchObject({ code });
    await expect(restoreBackup(at('b.tar'), at('b.tar'), { signal })).rejects.toMatchObject({ code });
    await mkdir(at('empty'));
    await chmod(at('empty'), 0o755);
    await restoreBackup(at('b.tar'), `${at('empty')}/`, { signal });
    expect((await readdir(at('empty'))).sort()).toEqual(['catalog.sqlite', 'images', 'models']);
    await expect(restoreBackup(at('b.tar'), at('no/gallery'), { signal })).rejects.toMatchObject({
      code: 'file-unusable',
    });
  });

  it('leaves nothing when it is stopped at any time', async () => {
    const stopAt = (times: number) => {
      const stop = new AbortController();
      let left = times;
      const count = (): void => {
        left--;
        if (left === 0) stop.abort();
      };
      return { signal: stop.signal, count };
    };
    for (const times of [1, 3, 5, 8]) {
      const { signal, count } = stopAt(times);
      const stopped = backUp(gallery, at('b.tar'), { signal, onImages: count, onVerified: count });
      await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
      expect(await readdir(filled.folder)).toEqual(['gallery', 'model']);
    }
    await backUp(gallery, at('b.tar'));
    for (const times of [1, 4, 8]) {
      const { signal, count } = stopAt(times);
      const stopped = restoreBackup(at('b.tar'), at('restored'), { signal, onProgress: count });
      await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
      expect(await readdir(filled.folder)).toEqual(['b.tar', 'gallery', 'model']);
    }
  });
});
