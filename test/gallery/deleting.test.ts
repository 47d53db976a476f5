import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileItemFilter } from '../../src/catalog/compile-item-filter.js';
import type { Collection } from '../../src/gallery/collection.js';
import { Gallery, type GalleryOptions } from '../../src/gallery/gallery.js';
import type { Item } from '../../src/gallery/item.js';
import { type SearchAnswer, searchOptionsSchema } from '../../src/gallery/search-question.js';
import { hashImage } from '../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { beforeEmbedding, createGate, type Gate } from '../fixtures/gate.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('deleting', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;
  let gate: Gate;
  const opened: Gallery[] = [];

  const open = async (options: GalleryOptions): Promise<Gallery> => {
    const one = await Gallery.open(filled.directory, { threads: 1, ...options });
    opened.push(one);
    return one;
  };
  const modelPath = () => join(filled.folder, 'model');
  const hasFile = (picture: number): boolean => {
    const sha256 = hashImage(filled.pictures[picture]);
    return existsSync(join(filled.directory, 'images', sha256.slice(0, 2), sha256));
  };
  const itemOf = (key: string): Item | undefined =>
    collection.listItems({ limit: 1, where: compileItemFilter({ field: 'key', equals: key }) }).items[0];
  const foundBy = async (from: Collection, exact: boolean): Promise<string[]> => {
    const { results } = await from.searchByImage(filled.pictures[0], { k: 100, exact });
    return results.map(({ item }) => item.key).sort();
  };

  beforeEach(async () => {
    gate = createGate();
    filled = await createFilledGallery({ count: 8 });
    gallery = await open({ access: 'write' });
    collection = await gallery.collection('default');
  });
  afterEach(async () => {
    gate.stayOpen();
    for (const one of opened.splice(0)) await one.close();
    await filled.remove();
  });

  it('removes by id, by key and by a condition, and says what there was not', async () => {
    await foundBy(collection, true);
    expect(await collection.removeItems([1, 1, 99, 2])).toEqual({ removed: 2, unknown: [99] });
    expect(await collection.removeByKeys(['picture-2.png', 'none', 'none'])).toEqual({
      removed: 1,
      unknown: ['none'],
    });
    const where = {
      sql: `items.label = ? AND json_extract(items.metadata, '$.number') < ?`,
      parameters: ['label-0', 5],
    };
    expect(collection.listItems({ limit: 9, where }).items.map(({ key }) => key)).toEqual(['picture-3.png']);
    expect(await collection.removeMatching(where)).toEqual({ removed: 1, unknown: [] });
    const left = [4, 5, 6, 7].map(i => `picture-${i}.png`);
    for (const exact of [false, true]) expect(await foundBy(collection, exact)).toEqual(left);
    expect(collection.size).toBe(4);
    expect(filled.pictures.map((_, i) => hasFile(i))).toEqual([
      ...Array(4).fill(false),
      ...Array(4).fill(true),
    ]);
    expect(itemOf('picture-2.png')).toBeUndefined();
    expect(() => collection.getItem(1)).toThrow(withCode('not-found'));
    expect(itemOf('picture-5.png')).toEqual(collection.getItem(6));
  });

  it('is never half done for a search, whenever that comes', async () => {
    const question = {
      queries: [{ vector: Float32Array.from({ length: 16 }, (_, d) => (d === 0 ? 1 : 0)) }],
      options: searchOptionsSchema.parse({ k: 100 }),
    };
    const answers: Promise<SearchAnswer>[] = [];
    let removing: Promise<unknown> | undefined;
    // One in each of the steps that the removal takes, and some before it and after it.
    for (let step = 0; step < 100; step++) {
      answers.push(collection.search(question));
      if (step === 40) removing = collection.removeItems([1]);
      await undefined;
    }
    await removing;
    const sizes = (await Promise.all(answers)).map(({ results }) => results.length);
    expect(new Set(sizes)).toEqual(new Set([8, 7]));
  });

  it('is seen by a reader at once, holds after closing, and gives no id out again', async () => {
    const reader = await (await open({ access: 'read' })).collection('default');
    expect(await foundBy(reader, false)).toHaveLength(8);
    await collection.removeItems([1, 8]);
    expect(await foundBy(reader, false)).toHaveLength(6);
    await expect(reader.removeItems([2])).rejects.toThrow(withCode('read-only'));
    await expect(reader.readImage(1)).rejects.toThrow(withCode('not-found'));
    await gallery.close();
    const again = await (await open({ access: 'write' })).collection('default');
    expect(await again.rebuiltBecause()).toBeUndefined();
    expect(await foundBy(again, false)).toHaveLength(6);
    const [outcome] = await again.add([{ key: 'new', image: filled.pictures[0] }]);
    expect(outcome).toMatchObject({ status: 'added', item: { id: 9 } });
  });

  it('keeps an image that another item has, in whichever collection', async () => {
    const other = await gallery.createCollection('other', modelPath());
    await other.add([{ key: 'same', image: filled.pictures[0] }]);
    await collection.add([{ key: 'again', image: filled.pictures[1] }]);
    await collection.removeItems([1, 2]);
    expect([hasFile(0), hasFile(1)]).toEqual([true, true]);
    await other.removeByKeys(['same']);
    await collection.add([{ key: 'again', image: filled.pictures[2] }]);
    expect([hasFile(0), hasFile(1), hasFile(2)]).toEqual([false, false, true]);
  });

  it('never loses an image that is being added while the last item with it goes', async () => {
    await gallery.close();
    let fail = false;
    const wait = async (): Promise<void> => {
      await gate.pass();
      if (fail) throw new Error('on purpose');
    };
    const again = await open({ access: 'write', wrapEmbedder: inner => beforeEmbedding(inner, wait) });
    const [first, other] = [
      await again.collection('default'),
      await again.createCollection('other', modelPath()),
    ];
    for (const picture of [0, 1]) {
      fail = picture === 1;
      const adding = other.add([{ key: 'new', image: filled.pictures[picture] }]);
      const settled = adding.then(
        () => 'added',
        (error: Error) => error.message,
      );
      await gate.reached();
      expect(await first.removeByKeys([`picture-${picture}.png`])).toMatchObject({ removed: 1 });
      expect(hasFile(picture)).toBe(true);
      gate.open();
      expect(await settled).toBe(fail ? 'on purpose' : 'added');
      // Added, it stays; if nothing came of it, nothing is left of it.
      expect(hasFile(picture)).toBe(!fail);
    }
    expect((await other.readImage(9)).bytes.equals(filled.pictures[0])).toBe(true);
  });

  it('finishes, when it is opened, what a process that was killed had begun', async () => {
    await gallery.close();
    const { Catalog } = await import('../../src/catalog/catalog.js');
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    catalog.removeItem(1, 3);
    catalog.close();
    expect(hasFile(2)).toBe(true);
    const again = await open({ access: 'write' });
    expect(hasFile(2)).toBe(false);
    expect(await foundBy(await again.collection('default'), false)).toHaveLength(7);
  });

  it('keeps a staged image until it is released or an item has it', async () => {
    await collection.removeItems([1, 2]);
    const [staged, other] = [
      await collection.stageImage(filled.pictures[0]),
      await collection.stageImage(filled.pictures[1]),
    ];
    expect(staged.imageSha256).toBe(hashImage(filled.pictures[0]));
    expect([hasFile(0), hasFile(1)]).toEqual([true, true]);
    await collection.add([{ key: 'new', image: filled.pictures[0] }]);
    await Promise.all([staged.release(), other.release()]);
    expect([hasFile(0), hasFile(1)]).toEqual([true, false]);
    await expect(collection.stageImage(Buffer.from('text'))).rejects.toThrow(withCode('unsupported-image'));
  });

  it('changes what is said of an item, and merges its metadata', async () => {
    const before = await collection.updateItem(3, { metadata: { size: { w: 1, h: 2 }, tags: ['a'] } });
    expect(before).toMatchObject({
      label: 'label-2',
      metadata: { number: 2, size: { w: 1, h: 2 }, tags: ['a'] },
    });
    const after = await collection.updateItem(3, {
      label: null,
      metadata: { number: null, size: { w: 3 }, tags: [] },
    });
    expect(after).toMatchObject({ id: 3, label: null, metadata: { size: { w: 3, h: 2 }, tags: [] } });
    expect(Object.keys(after.metadata)).not.toContain('number');
    expect(collection.getItem(3)).toEqual(after);
    expect((await collection.updateItem(3, {})).metadata).toEqual(after.metadata);
    await expect(collection.updateItem(99, {})).rejects.toThrow(withCode('not-found'));
    const odd = { label: 7 } as unknown as { label: string };
    await expect(collection.updateItem(3, odd)).rejects.toThrow(withCode('invalid-request'));
  });

  it('removes a collection with all that is only its own, after the uses under way', async () => {
    const other = await gallery.createCollection('other', modelPath());
    await other.add([{ key: 'same', image: filled.pictures[0] }]);
    await collection.save();
    await gallery.close();
    gallery = await open({ access: 'write', wrapEmbedder: inner => beforeEmbedding(inner, gate.pass) });
    collection = await gallery.collection('default');
    const searching = collection.searchByImage(filled.pictures[0], { k: 8 });
    await gate.reached();
    const removing = gallery.removeCollection('default');
    await expect(gallery.collection('default')).rejects.toThrow(withCode('not-found'));
    await expect(collection.searchByImage(filled.pictures[0], { k: 8 })).rejects.toThrow(
      withCode('not-found'),
    );
    await expect(gallery.createCollection('default', modelPath())).rejects.toThrow(withCode('conflict'));
    gate.stayOpen();
    expect((await searching).results).toHaveLength(8);
    await removing;
    expect(gallery.listCollections().map(({ name }) => name)).toEqual(['other']);
    expect((await readdir(join(filled.directory, 'index'))).sort()).toEqual(['2.hnsw', '2.json']);
    expect(filled.pictures.map((_, i) => hasFile(i))).toEqual([true, ...Array(7).fill(false)]);
    expect(await foundBy(await gallery.collection('other'), false)).toEqual(['same']);
    await expect(gallery.removeCollection('default')).rejects.toThrow(withCode('not-found'));
    const again = await gallery.createCollection('default', modelPath());
    expect([again.size, again.summary().name]).toEqual([0, 'default']);
    await again.add([{ key: 'picture-1.png', image: filled.pictures[1] }]);
    expect(await foundBy(again, false)).toEqual(['picture-1.png']);
  });
});
