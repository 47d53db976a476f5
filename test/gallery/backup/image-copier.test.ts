import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CatalogSnapshot } from '../../../src/catalog/catalog-snapshot.js';
import { ArchiveWriter } from '../../../src/gallery/backup/archive-writer.js';
import { ImageCopier } from '../../../src/gallery/backup/image-copier.js';
import type { Collection } from '../../../src/gallery/collection.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { imageFile } from '../../../src/gallery/image-file.js';
import { createImageStore } from '../../../src/gallery/image-store.js';
import { hashImage } from '../../../src/images/decode.js';
import { unstopped } from '../../fixtures/back-up.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { createPicture } from '../../fixtures/images.js';
import { readEntries } from '../../fixtures/pack-backup.js';

describe('copying images while they change', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;
  let archive: ArchiveWriter;
  let copier: ImageCopier;
  const open: CatalogSnapshot[] = [];

  const archivePath = (): string => join(filled.folder, 'images.tar');
  const snapshot = (): CatalogSnapshot => {
    const taken = CatalogSnapshot.take(join(filled.directory, 'catalog.sqlite'));
    open.push(taken);
    return taken;
  };
  const hashOf = (i: number): string => hashImage(filled.pictures[i]);
  const copied = async (): Promise<string[]> => {
    await archive.finish();
    return (await readEntries(archivePath())).map(({ name }) => name).sort();
  };
  const neededNow = (): string[] => snapshot().listImages().map(imageFile).sort();

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 6 });
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    collection = await gallery.collection('default');
    archive = new ArchiveWriter(archivePath(), unstopped);
    copier = new ImageCopier({
      images: createImageStore(join(filled.directory, 'images'), { isNeeded: () => true }),
      ...{ archive, signal: unstopped, onProgress: () => undefined },
    });
  });
  afterEach(async () => {
    for (const taken of open.splice(0)) taken.close();
    await archive.abandon();
    await gallery.close();
    await filled.remove();
  });

  it('is done at once where nothing changes', async () => {
    const taken = snapshot();
    const images = copier.list(taken);
    expect(images).toHaveLength(6);
    expect(await copier.copy(images)).toBe(0);
    expect(copier.list(snapshot())).toEqual([]);
    expect(copier.listLost(taken)).toEqual([]);
    expect(await copied()).toEqual(neededNow());
  });

  it('takes another snapshot for images that went, and needs only what came since', async () => {
    const images = copier.list(snapshot());
    await collection.removeItems([1]);
    const replacement = await createPicture('replacement');
    await collection.add([{ key: 'picture-1.png', image: replacement }]);
    await collection.add([{ key: 'new.png', image: await createPicture('new') }]);
    expect(await copier.copy(images)).toBe(2);
    const second = snapshot();
    const rest = copier.list(second);
    expect(rest).toHaveLength(2);
    expect(await copier.copy(rest)).toBe(0);
    expect(copier.listLost(second)).toEqual([]);
    expect(await copied()).toEqual(neededNow());
  });

  it('finds an image that went and came back', async () => {
    const images = copier.list(snapshot());
    await collection.removeItems([3]);
    expect(await copier.copy(images)).toBe(1);
    await collection.add([{ key: 'again.png', image: filled.pictures[2] }]);
    const second = snapshot();
    expect(copier.list(second)).toEqual([hashOf(2)]);
    expect(await copier.copy([hashOf(2)])).toBe(0);
    expect(copier.listLost(second)).toEqual([]);
    expect(await copied()).toEqual(neededNow());
  });

  it('does not take an image for lost that went, came back and went again', async () => {
    const images = copier.list(snapshot());
    await collection.removeItems([3]);
    expect(await copier.copy(images)).toBe(1);
    const add = () => collection.add([{ key: 'again.png', image: filled.pictures[2] }]);
    await add();
    const second = copier.list(snapshot());
    await collection.removeByKeys(['again.png']);
    expect(await copier.copy(second)).toBe(1);
    await add();
    const third = snapshot();
    expect(await copier.copy(copier.list(third))).toBe(0);
    expect(copier.listLost(third)).toEqual([]);
    expect(await copied()).toEqual(neededNow());
  });

  it('tells an image that is lost or damaged from one that went', async () => {
    const pathOf = (i: number) => join(filled.directory, imageFile(hashOf(i)));
    await rm(pathOf(4));
    await writeFile(pathOf(5), 'damaged');
    await rm(pathOf(0));
    expect(await copier.copy(copier.list(snapshot()))).toBe(3);
    await collection.removeItems([1]);
    const second = snapshot();
    expect(await copier.copy(copier.list(second))).toBe(0);
    const lost = copier.listLost(second).sort((a, b) => (a.reason < b.reason ? 1 : -1));
    expect(lost.map(({ name }) => name)).toEqual([4, 5].map(i => imageFile(hashOf(i))));
    expect(lost.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/missing: ENOENT/),
      expect.stringMatching(/damaged: its bytes have SHA-256/),
    ]);
    // Put again, it is not lost any more.
    await collection.add([{ key: 'again.png', image: filled.pictures[4] }]);
    const third = snapshot();
    expect(await copier.copy(copier.list(third))).toBe(0);
    expect(copier.listLost(third).map(({ name }) => name)).toEqual([imageFile(hashOf(5))]);
  });

  it('keeps the images of jobs that wait, also of one that has come since', async () => {
    const stage = async (seed: string) => {
      const image = await createPicture(seed);
      const staged = await collection.stageImage(image);
      gallery.jobs.start('add-items', 'default', { items: [{ key: seed, imageSha256: staged.imageSha256 }] });
      return staged.imageSha256;
    };
    const first = await stage('first');
    expect(await copier.copy(copier.list(snapshot()))).toBe(0);
    const second = await stage('second');
    const taken = snapshot();
    const rest = copier.list(taken);
    expect(rest).toEqual([second]);
    await rm(join(filled.directory, imageFile(second)));
    expect(await copier.copy(rest)).toBe(1);
    const last = snapshot();
    expect(await copier.copy(copier.list(last))).toBe(0);
    expect(copier.listLost(last).map(({ name }) => name)).toEqual([imageFile(second)]);
    expect(await copied()).toContain(imageFile(first));
    expect((await readdir(join(filled.directory, 'images'))).length).toBeGreaterThan(0);
  });
});
