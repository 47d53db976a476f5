import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../../src/catalog/rows.js';
import { clusterItems } from '../../../src/gallery/clustering/cluster-items.js';
import type { Clustering } from '../../../src/gallery/clustering/clustering.js';
import { clusterInputSchema } from '../../../src/gallery/clustering/clustering-input.js';
import type { Collection } from '../../../src/gallery/collection.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { openSpace } from '../../fixtures/open-space.js';
import { atAngle, chord, createTens, placeItems } from '../../fixtures/placed-items.js';

const idsOf = ({ clusters }: Clustering): number[][] =>
  clusters.map(({ members }) => members.map(({ id }) => id).sort((a, b) => a - b));

describe('items in clusters', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;
  let progress: { done: number; total: number }[];

  const open = async (vectors: readonly Float32Array[], describeItem?: Parameters<typeof placeItems>[2]) => {
    placeItems(filled, vectors, describeItem);
    gallery = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
    collection = await gallery.collection('default');
  };
  const cluster = (input: object, signal = new AbortController().signal): Promise<Clustering> =>
    collection.clustering.clusterItems({
      ...clusterInputSchema.parse(input),
      signal,
      onProgress: one => progress.push(one),
    });

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
    progress = [];
  });
  afterEach(async () => {
    await gallery.close();
    await filled.remove();
  });

  it('have the measures worked out by hand', async () => {
    // Around 10° and 180°: 60° is of the first, and between them.
    await open(
      [0, 10, 20, 60, 180, 182].map(atAngle),
      i => [{ label: 'a' }, { label: 'b' }, { label: 'a' }, {}, { label: 'b' }, {}][i],
    );
    const { clusters, ...whole } = await cluster({ clusters: 2 });
    const [first, second] = clusters;
    // What two medoids are worth to a point: its own is at `a` degrees, the other at `b`.
    const silhouette = (a: number, b: number): number => 1 - chord(a) / chord(b);
    const ofFirst = (silhouette(10, 180) + 1 + silhouette(10, 160) + silhouette(50, 120)) / 4;
    expect(first).toEqual({
      medoid: 2,
      size: 4,
      meanDistance: expect.closeTo((2 * chord(10) + chord(50)) / 4, 6),
      silhouette: expect.closeTo(ofFirst, 5),
      label: 'a',
      purity: 2 / 3,
      members: [
        { id: 2, distance: 0 },
        { id: 1, distance: expect.closeTo(chord(10), 6) },
        { id: 3, distance: expect.closeTo(chord(10), 6) },
        { id: 4, distance: expect.closeTo(chord(50), 6) },
      ],
    });
    const ofSecond = (1 + silhouette(2, 172)) / 2;
    expect(second).toMatchObject({ medoid: 5, size: 2, label: 'b', purity: 1 });
    expect(second.silhouette).toBeCloseTo(ofSecond, 5);
    expect(whole).toEqual({
      energy: expect.closeTo(2 * chord(10) + chord(50) + chord(2), 6),
      silhouette: expect.closeTo((4 * ofFirst + 2 * ofSecond) / 6, 5),
      purity: 3 / 4,
      items: 6,
      method: 'facility-location',
      modelId: collection.modelId,
    });
  });

  it('have no silhouette where there is one cluster, and no purity where none has a label', async () => {
    await open([0, 10].map(atAngle));
    expect(await cluster({ clusters: 1 })).toMatchObject({
      clusters: [{ size: 2, silhouette: null, label: null, purity: null }],
      silhouette: null,
      purity: null,
    });
  });

  it('are none, or as many as there are items', async () => {
    await open([]);
    const nothing = { clusters: [], energy: 0, silhouette: null, purity: null, items: 0 };
    expect(await cluster({ clusters: 3 })).toMatchObject(nothing);
    await gallery.close();
    await open([0, 90].map(atAngle));
    expect(await cluster({ clusters: 3 })).toMatchObject({ clusters: { length: 2 }, energy: 0 });
    expect(idsOf(await cluster({ clusters: 3, method: 'k-means' }))).toEqual([[1], [2]]);
  });

  it('are equal ones around one of them, which comes first', async () => {
    await open([7, 7, 7, 90].map(atAngle));
    const [{ medoid, members }] = (await cluster({ clusters: 2 })).clusters;
    expect(members[0]).toEqual({ id: medoid, distance: 0 });
    expect(members.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  });

  it('are as many as is chosen, or as save more than they cost', async () => {
    await open([0, 5, 10, 90, 95, 100, 180, 185, 190].map(atAngle));
    const tens = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    for (const input of [{}, { clusters: 'silhouette' }, { clusters: 'elbow' }, { facilityCost: 1 }]) {
      expect(idsOf(await cluster(input))).toEqual(tens);
    }
    expect((await cluster({ clusters: 'silhouette', mostClusters: 2 })).clusters).toHaveLength(2);
    expect((await cluster({ facilityCost: 1, clusters: 2 })).clusters).toHaveLength(2);
    expect((await cluster({ facilityCost: 0, mostClusters: 5 })).clusters).toHaveLength(5);
    expect((await cluster({ facilityCost: 0 })).clusters).toHaveLength(9);
  });

  it('are of those that a filter holds for, or that are named', async () => {
    await open([0, 5, 90, 95, 180].map(atAngle), i => ({ metadata: { number: i } }));
    const filter = { field: 'metadata.number', range: { lt: 3 } };
    expect(idsOf(await cluster({ clusters: 2, filter }))).toEqual([[1, 2], [3]]);
    expect(idsOf(await cluster({ clusters: 2, itemIds: [5, 4, 3, 4] }))).toEqual([[3, 4], [5]]);
    expect(collection.clustering.countSelected({ filter })).toBe(3);
    expect(collection.clustering.countSelected({ itemIds: [4, 4] })).toBe(1);
    expect(collection.clustering.countSelected({})).toBe(5);
    const unknown = { code: 'not-found', field: 'itemIds', message: 'the collection has no item 6, 99' };
    await expect(cluster({ itemIds: [99, 1, 6] })).rejects.toMatchObject({
      ...unknown,
      message: 'the collection has no item 99, 6',
    });
    const many = Array.from({ length: 25 }, (_, i) => 100 + i);
    expect(() => collection.clustering.countSelected({ itemIds: many })).toThrow(/109 and 15 more$/);
  });

  it('beyond those that are compared are found through the graph, by neighbours among them alone', async () => {
    // Beside some of the tens lie others, at the same places, that are not asked for.
    const asked = createTens(1510);
    const others = asked.slice(0, 300);
    await open([...others, ...asked], i => (i < 300 ? {} : { label: `ten-${Math.floor(i / 10)}` }));
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'read' });
    const set = catalog.sets.find(1) as EmbeddingSetRow;
    const indexPath = join(filled.directory, 'index/1.hnsw');
    const space = await openSpace({ catalog, set, indexPath, access: 'read' });
    const found = await clusterItems(
      space,
      { catalog, collectionId: 1, mostCompared: 1000 },
      {
        ...clusterInputSchema.parse({ clusters: 151, filter: { field: 'label', exists: true } }),
        signal: new AbortController().signal,
        onProgress: one => progress.push(one),
      },
    );
    await space.close();
    catalog.close();
    expect(found.items).toBe(1510);
    expect(Math.min(...idsOf(found).flat())).toBe(301);
    expect(found.purity).toBeGreaterThan(0.97);
    const dones = progress.map(({ done }) => done);
    expect(dones).toEqual([...dones].sort((a, b) => a - b));
    expect([dones[0], dones.at(-1), new Set(dones).size > 10]).toEqual([0, 1510, true]);
  });

  it.each([{ clusters: 300 }, { clusters: 'elbow' }, { clusters: 300, method: 'k-means' }])(
    'are given up when that is asked for: %j',
    async input => {
      await open(createTens(3000));
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 30);
      await expect(cluster(input, stop.signal)).rejects.toMatchObject({ code: 'interrupted' });
      await expect(cluster(input, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
    },
  );
});

describe('what is asked for', () => {
  it.each([
    [{ method: 'k-means' }, 'clusters', /expected a number with the method k-means/],
    [{ method: 'k-means', clusters: 'elbow' }, 'clusters', /expected a number/],
    [{ method: 'k-means', clusters: 2, facilityCost: 1 }, 'facilityCost', /facility-location only/],
    [{ clusters: 'elbow', facilityCost: 1 }, 'clusters', /chooses how many itself/],
    [{ clusters: 3, mostClusters: 5 }, 'mostClusters', /not a number/],
    [{ clusters: 0 }, 'clusters', />=1/],
    [{ clusters: 'many' }, 'clusters', /expected a number from 1 to 10000, elbow or silhouette/],
    [{ mostClusters: 1 }, 'mostClusters', />=2/],
    [{ itemIds: [] }, 'itemIds', />=1/],
    [{ itemIds: [1], filter: { field: 'label', equals: 'a' } }, 'itemIds', /got both/],
    [{ facilityCost: -1 }, 'facilityCost', />=0/],
  ])('is refused: %j', (input, field, message) => {
    const { error } = clusterInputSchema.safeParse(input);
    expect(error?.issues[0].path[0]).toBe(field);
    expect(error?.issues[0].message).toMatch(message);
  });
});
