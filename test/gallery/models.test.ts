import { cp, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gallery, type GalleryOptions } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('the models of a gallery', () => {
  let filled: FilledGallery;
  let modelsDirectory: string;
  const opened: Gallery[] = [];
  const notices: string[] = [];

  const open = async (options: Partial<GalleryOptions> = {}): Promise<Gallery> => {
    const gallery = await Gallery.open(filled.directory, {
      access: 'write',
      threads: 1,
      modelsDirectory,
      onNotice: message => notices.push(message),
      ...options,
    });
    opened.push(gallery);
    return gallery;
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 2 });
    modelsDirectory = join(filled.folder, 'models');
    await createTinyModel(join(modelsDirectory, 'b'), { name: 'other', seed: 1, dimension: 8, resize: 40 });
    // The one in the gallery, again.
    await cp(join(filled.folder, 'model'), join(modelsDirectory, 'a'), { recursive: true });
    notices.length = 0;
  });
  afterEach(async () => {
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it('are those it has and those of a folder, each once, by id', async () => {
    const models = await (await open()).listModels();
    expect(models).toEqual([
      {
        ...{ id: expect.stringMatching(/^other@/), name: 'other', dimension: 8, imageSize: 32 },
        ...{ parameters: 392, createdAt: '2024-01-01T00:00:00Z', collections: [] },
      },
      {
        ...{ id: expect.stringMatching(/^tiny@/), name: 'tiny', dimension: 16, imageSize: 32 },
        ...{ parameters: 784, createdAt: '2024-01-01T00:00:00Z', collections: ['default'] },
      },
    ]);
    expect(notices).toEqual([]);
  });

  it('are without those that are broken, of which is told once each time they change', async () => {
    const gallery = await open();
    await gallery.listModels();
    await truncate(join(modelsDirectory, 'b', 'model.onnx'), 10);
    await mkdir(join(modelsDirectory, 'c.tmp'));
    await writeFile(join(modelsDirectory, 'notes.txt'), '');
    for (let i = 0; i < 2; i++) expect(await gallery.listModels()).toHaveLength(1);
    expect(notices).toEqual([expect.stringMatching(/models\/b is passed over: .*damaged/)]);
    await createTinyModel(join(modelsDirectory, 'b'), { name: 'other', seed: 2 });
    expect(await gallery.listModels()).toHaveLength(2);
    await rm(modelsDirectory, { recursive: true });
    expect(await gallery.listModels()).toHaveLength(1);
    expect(notices[1]).toMatch(/cannot be listed/);
  });

  it('make collections, by their ids', async () => {
    const gallery = await open();
    const [other] = await gallery.listModels();
    const collection = await gallery.addCollection('second', other.id);
    expect(collection.summary()).toMatchObject({ name: 'second', modelId: other.id, dimension: 8, items: 0 });
    await collection.add([{ key: 'a', image: filled.pictures[0] }]);
    expect((await gallery.listModels())[0].collections).toEqual(['second']);
    await gallery.requireModel(other.id);
    const adding = gallery.addCollection('default', other.id);
    await expect(adding).rejects.toThrow(withCode('out-exists'));
    for (const id of ['none@1', '../model', join(modelsDirectory, 'b')]) {
      await expect(gallery.addCollection('third', id)).rejects.toThrow(withCode('not-found'));
      await expect(gallery.requireModel(id)).rejects.toThrow(withCode('not-found'));
    }
    for (const name of ['', '../x', 'a/b', '.hidden', 'x'.repeat(65)]) {
      await expect(gallery.addCollection(name, other.id)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid-request', field: 'name' }),
      );
    }
    const twice = await Promise.allSettled([1, 2].map(() => gallery.addCollection('third', other.id)));
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const reader = await open({ access: 'read' });
    await expect(reader.addCollection('fourth', other.id)).rejects.toThrow(withCode('read-only'));
    // It does not depend on the folder.
    await gallery.close();
    await rm(modelsDirectory, { recursive: true });
    const again = await (await open()).collection('second');
    expect((await again.searchByImage(filled.pictures[0], { k: 1 })).results).toHaveLength(1);
  });
});
