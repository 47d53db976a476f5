import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import { measureRecall } from '../../src/gallery/measure-recall.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';

describe('the recall of several models', () => {
  const { signal } = new AbortController();
  let filled: FilledGallery;
  let catalog: Catalog;
  let set: EmbeddingSetRow;
  /** With the same vectors, but of the items with an even id only. */
  let half: EmbeddingSetRow;

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 48 });
    catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    set = catalog.sets.findActive(1) as EmbeddingSetRow;
    half = catalog.sets.ensure(1, { modelId: 'half', modelDirectory: 'half', dimension: set.dimension });
    for (const item of catalog.sets.listUnembedded(half.id, { afterId: 0, limit: 100 })) {
      const vector = catalog.sets.findItemEmbedding(set, item.id) as Float32Array;
      if (item.id % 2 === 0) catalog.sets.addVector(half.id, item, vector);
    }
  });
  afterEach(async () => {
    catalog.close();
    await filled.remove();
  });

  it('is of the same items for each', async () => {
    const [one, other] = await measureRecall({ catalog, sets: [set, half] }, signal);
    expect(one).toEqual({ 1: expect.any(Number), 4: expect.any(Number), 16: expect.any(Number) });
    expect(other).toEqual(one);
    const [ofAll] = await measureRecall({ catalog, sets: [set] }, signal);
    expect(ofAll).not.toEqual(one);
  });

  it('is none where fewer than two labels have two items', async () => {
    for (const { id, label } of catalog.listItems(1, { afterId: 0, limit: 100 })) {
      if (label !== 'label-0') catalog.updateItem(1, id, { label: `only-${id}`, metadata: {} });
    }
    expect(await measureRecall({ catalog, sets: [set, half] }, signal)).toEqual([null, null]);
  });
});
