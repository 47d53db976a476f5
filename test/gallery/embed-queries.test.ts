import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { EmbeddingSetRow, ItemRow } from '../../src/catalog/rows.js';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { embedQueries } from '../../src/gallery/embed-queries.js';
import type { EmbeddingSpace } from '../../src/gallery/embedding-space.js';
import { createImageStore, type ImageStore } from '../../src/gallery/image-store.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createGate, type Gate } from '../fixtures/gate.js';
import { openSpace } from '../fixtures/open-space.js';

describe('asking with a part of an item', () => {
  const box = { left: 0, top: 0, width: 0.5, height: 0.5 };
  let filled: FilledGallery;
  let catalog: Catalog;
  let images: ImageStore;
  let embedder: OnnxEmbedder;
  let space: EmbeddingSpace;
  let gate: Gate;

  /** Whose picture is read when the gate is opened. */
  const ask = (itemId: number) =>
    embedQueries([{ itemId, box }], space, {
      catalog,
      collectionId: 1,
      images: {
        ...images,
        async read(sha256) {
          await gate.pass();
          return images.read(sha256);
        },
      },
    });

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 3 });
    gate = createGate();
    catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    images = createImageStore(join(filled.directory, 'images'), {
      isNeeded: sha256 => catalog.hasImage(sha256),
    });
    embedder = await OnnxEmbedder.open(join(filled.folder, 'model'), { threads: 1 });
    space = await openSpace({
      catalog,
      set: catalog.sets.findActive(1) as EmbeddingSetRow,
      lease: { embedder, release: () => embedder.close() },
      indexPath: join(filled.directory, 'index', '1'),
      access: 'read',
    });
  });
  afterEach(async () => {
    gate.stayOpen();
    await space.close();
    catalog.close();
    await filled.remove();
  });

  it('takes the picture that the item has got since it was looked up', async () => {
    const asked = ask(1);
    await gate.reached();
    const [before, other] = [1, 2].map(id => catalog.findItem(1, id) as ItemRow);
    const embedding = catalog.sets.findItemEmbedding(space.set, 2) as Float32Array;
    const { label, metadata, imageSha256, format, width, height, bytes } = other;
    catalog.replaceItem(1, 1, { label, metadata, imageSha256, format, width, height, bytes, embedding });
    expect(await images.removeUnlessNeeded(before.imageSha256)).toBe('removed');
    gate.stayOpen();
    const [expected] = await embedder.embedPixels([await embedder.decode(filled.pictures[1], { box })]);
    expect(await asked).toMatchObject({ vector: expected, itemIds: [1] });
  });

  it('says that the item has gone, or that its picture is damaged, whichever it is', async () => {
    const [gone, broken] = [ask(1), ask(2)];
    const refusals = [
      expect(gone).rejects.toMatchObject({ code: 'not-found', field: 'itemId' }),
      expect(broken).rejects.toMatchObject({ code: 'invalid-gallery' }),
    ];
    await gate.reached();
    const { imageSha256 } = catalog.findItem(1, 1) as ItemRow;
    catalog.removeItem(1, 1);
    await images.removeUnlessNeeded(imageSha256);
    const damaged = catalog.findItem(1, 2) as ItemRow;
    const unneeded = createImageStore(join(filled.directory, 'images'), { isNeeded: () => false });
    await unneeded.removeUnlessNeeded(damaged.imageSha256);
    gate.stayOpen();
    await Promise.all(refusals);
  });
});
