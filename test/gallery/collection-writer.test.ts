import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Embedder } from '../../src/embed/embedder.js';
import type { Collection } from '../../src/gallery/collection.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { hashImage } from '../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createGate, type Gate } from '../fixtures/gate.js';
import { createPicture } from '../fixtures/images.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('adding', () => {
  let filled: FilledGallery;
  let gate: Gate;
  let gallery: Gallery;
  let collection: Collection;
  /** What happens before a picture is decoded. */
  let onDecode: (image: Uint8Array) => Promise<void>;
  /** How often each was begun. */
  let decodes: number;
  let pictures: Buffer[];

  const watched = (inner: Embedder): Embedder => ({
    modelId: inner.modelId,
    dimension: inner.dimension,
    embed: images => inner.embed(images),
    async decode(image, options) {
      decodes++;
      await onDecode(image);
      return inner.decode(image, options);
    },
    embedPixels: (pixels, options) => inner.embedPixels(pixels, options),
    close: () => inner.close(),
  });
  const hasFile = (picture: Buffer): boolean => {
    const sha256 = hashImage(picture);
    return existsSync(join(filled.directory, 'images', sha256.slice(0, 2), sha256));
  };
  const untilStored = async (picture: Buffer): Promise<void> => {
    while (!hasFile(picture)) await new Promise(resolve => setImmediate(resolve));
  };
  const newItems = (count: number) =>
    pictures.slice(0, count).map((image, i) => ({ key: `new-${i}`, image }));

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 4 });
    pictures = await Promise.all(Array.from({ length: 20 }, (_, i) => createPicture(`new ${i}`)));
    gate = createGate();
    onDecode = () => gate.pass();
    decodes = 0;
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, wrapEmbedder: watched });
    collection = await gallery.collection('default');
  });
  afterEach(async () => {
    gate.stayOpen();
    await gallery.close();
    await filled.remove();
  });

  it('keeps no other change waiting while its pictures are decoded, and itself stays in order', async () => {
    const [slow, quick] = [pictures[0], pictures[1]];
    onDecode = async image => {
      if (hashImage(image) === hashImage(slow)) await gate.pass();
    };
    const first = collection.add([{ key: 'same', image: slow }]);
    const second = collection.add([{ key: 'same', image: quick }]);
    await gate.reached();
    expect(await collection.removeItems([1])).toMatchObject({ removed: 1 });
    expect(await collection.updateItem(2, { label: 'other' })).toMatchObject({ label: 'other' });
    gate.stayOpen();
    expect([await first, await second]).toMatchObject([[{ status: 'added' }], [{ status: 'replaced' }]]);
    expect(collection.getItem(5).imageSha256).toBe(hashImage(quick));
  });

  it('does no more of it for a client that has gone', async () => {
    const stop = new AbortController();
    const adding = collection.add(newItems(20), stop.signal);
    const refused = expect(adding).rejects.toThrow(withCode('interrupted'));
    await gate.reached();
    stop.abort();
    gate.stayOpen();
    await refused;
    expect(decodes).toBeLessThanOrEqual(8);
    expect(collection.size).toBe(4);
    expect(pictures.some(hasFile)).toBe(false);
  });

  it('leaves nothing of a call of which one picture fails unforeseen', async () => {
    onDecode = async image => {
      if (hashImage(image) !== hashImage(pictures[0])) return;
      await gate.pass();
      throw new Error('on purpose');
    };
    const adding = collection.add(newItems(3));
    const failed = expect(adding).rejects.toThrow('on purpose');
    await gate.reached();
    await untilStored(pictures[1]);
    await untilStored(pictures[2]);
    gate.open();
    await failed;
    expect(pictures.some(hasFile)).toBe(false);
    expect(collection.size).toBe(4);
  });
});
