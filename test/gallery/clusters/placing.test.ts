import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../../src/catalog/rows.js';
import { OnlineClusters } from '../../../src/gallery/clusters/online-clusters.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** On the unit circle, so far from the point at angle 0. */
const at = (distance: number): Float32Array => {
  const angle = 2 * Math.asin(distance / 2);
  return Float32Array.of(Math.cos(angle), Math.sin(angle));
};

describe('an item that is placed', () => {
  let folder: string;
  let catalog: Catalog;
  let collectionId: number;
  let set: EmbeddingSetRow;
  let online: OnlineClusters;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-placing-'));
    catalog = Catalog.open(join(folder, 'catalog.sqlite'), { access: 'write', create: true });
    const row = catalog.addCollection({
      name: 'default',
      modelId: 'circle@1',
      modelDirectory: 'circle@1',
      dimension: 2,
    });
    collectionId = row.id;
    set = catalog.sets.findActive(collectionId) as EmbeddingSetRow;
    online = new OnlineClusters({ catalog, collectionId });
    begin(0.5);
  });
  afterEach(async () => {
    catalog.close();
    await rm(folder, { recursive: true });
  });

  const begin = (facilityCost: number, seed = 0) =>
    catalog.clusterings.save(collectionId, {
      askedCost: facilityCost,
      facilityCost,
      seed,
      consolidateAfter: null,
    });
  const place = (key: string, embedding: Float32Array, image = key): number | undefined => {
    const picture = { imageSha256: sha256(image), format: 'png', width: 1, height: 1, bytes: 1, embedding };
    const item = catalog.addItem(collectionId, key, { label: null, metadata: {}, ...picture });
    return online.place({ itemId: item.id, ...picture }, set);
  };
  /** How many of many at that distance of one medoid open a cluster. */
  const shareOfOpened = (distance: number): number => {
    const first = online.transaction(() => place('first', at(0)));
    let opened = 0;
    for (let i = 0; i < 400; i++) {
      try {
        online.transaction(() => {
          if (place(`at ${distance} ${i}`, at(distance)) !== first) opened++;
          // The next one is to meet that medoid only.
          throw new Error('undone');
        });
      } catch (error) {
        expect(error).toEqual(new Error('undone'));
      }
    }
    return opened / 400;
  };

  it.each([
    [0, 0],
    [0.1, 0.2],
    [0.25, 0.5],
    [0.4, 0.8],
    [0.5, 1],
    [1.5, 1],
  ])('at distance %d of a cost of 0.5 opens a cluster with probability %d', (distance, probability) => {
    // Of 400 draws, five standard deviations at the most.
    expect(Math.abs(shareOfOpened(distance) - probability)).toBeLessThan(0.125);
    expect(catalog.clusterings.countOpen(catalog.clusterings.find(collectionId)?.id ?? 0)).toBe(1);
  });

  it('joins the nearest medoid, of equally near ones the first', () => {
    begin(1e-6);
    const [left, right] = [place('left', at(0)), place('right', Float32Array.of(0, 1))];
    begin(1e6);
    expect(place('near left', at(0.3))).toBe(left);
    expect(place('near right', at(1.2))).toBe(right);
    expect(place('between', Float32Array.of(Math.SQRT1_2, Math.SQRT1_2))).toBe(left);
  });

  it('draws the same under another key, and joins the picture that is there already', () => {
    begin(0.5);
    const first = place('first', at(0));
    const openedBy = (key: string, image: string): boolean => {
      let isOpened = false;
      expect(() =>
        online.transaction(() => {
          isOpened = place(key, at(0.25), image) !== first;
          throw new Error('undone');
        }),
      ).toThrow('undone');
      return isOpened;
    };
    for (let i = 0; i < 20; i++) expect(openedBy('a', `image ${i}`)).toBe(openedBy('b', `image ${i}`));
    begin(1e-6);
    const far = place('far', at(1.2));
    expect(place('nearer to another, were it not the picture of first', at(1.1), 'first')).toBe(first);
    expect(far).not.toBe(first);
  });

  it('leaves nothing in memory of a transaction that came to nothing', () => {
    begin(1e-6);
    const first = online.transaction(() => place('first', at(0)));
    let lost: number | undefined;
    expect(() =>
      online.transaction(() => {
        lost = place('lost', at(1));
        throw new Error('undone');
      }),
    ).toThrow('undone');
    // The same ids are given out again, to others.
    const other = online.transaction(() => place('other', at(0.5)));
    expect(other).toBe(lost);
    begin(1e6);
    expect(online.transaction(() => place('third', at(0.9)))).toBe(other);
    expect(online.transaction(() => place('fourth', at(0.1)))).toBe(first);
  });
});
