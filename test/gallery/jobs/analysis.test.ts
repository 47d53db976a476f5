import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import type { JobKindName } from '../../../src/gallery/jobs/index.js';
import { createRandom } from '../../../src/math/random.js';
import { normalise } from '../../../src/math/vectors.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { followJob, untilUnderWay } from '../../fixtures/jobs.js';

const sha256Of = (n: number): string => n.toString(16).padStart(64, '0');

interface Cluster {
  medoid: number;
  size: number;
  meanDistance: number;
  items: number[];
}

describe('a job that looks at the embeddings', () => {
  let filled: FilledGallery;
  const opened: Gallery[] = [];

  const open = async (): Promise<Gallery> => {
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, runJobs: true });
    opened.push(gallery);
    return gallery;
  };
  const run = async (kind: JobKindName, input: object) => {
    const { jobs } = await open();
    return (await followJob(jobs, jobs.start(kind, 'default', input).id)).job;
  };
  /** Items 1, 2, …, one vector each. */
  const fill = (
    vectors: readonly Float32Array[],
    describeItem: (i: number) => { label?: string; image?: number },
  ) => {
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    catalog.transaction(() => {
      for (const [i, embedding] of vectors.entries()) {
        const { label = null, image = i } = describeItem(i);
        const picture = { imageSha256: sha256Of(image), format: 'png', width: 1, height: 1, bytes: 1 };
        catalog.addItem(1, `item-${i}`, { label, metadata: {}, ...picture, embedding });
      }
    });
    catalog.close();
  };
  /** A point on the circle of the first two axes. */
  const atAngle = (degrees: number): Float32Array => {
    const vector = new Float32Array(16);
    vector[0] = Math.cos((degrees * Math.PI) / 180);
    vector[1] = Math.sin((degrees * Math.PI) / 180);
    return vector;
  };
  const chord = (degrees: number): number => 2 * Math.sin((degrees * Math.PI) / 360);
  /** So many that it takes longer than a turn: groups of ten around centres. */
  const createMany = (count: number): Float32Array[] => {
    const random = createRandom('many');
    const direction = () => Float32Array.from({ length: 16 }, () => random.normal());
    let centre = direction();
    return Array.from({ length: count }, (_, i) => {
      if (i % 10 === 0) centre = direction();
      return normalise(direction().map((value, d) => centre[d] + 0.3 * value));
    });
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
  });
  afterEach(async () => {
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it.each(['facility-location', 'k-means'])('clusters by %s, around items', async method => {
    fill([0, 10, 20, 180, 190, 200].map(atAngle), () => ({}));
    const job = await run('cluster', { clusters: 2, method, seed: 1 });
    expect(job).toMatchObject({ state: 'done', progress: { done: 6, total: 6 } });
    const { clusters, energy } = job.result as { clusters: Cluster[]; energy: number };
    expect(clusters).toMatchObject([
      { medoid: 2, size: 3, items: [1, 2, 3] },
      { medoid: 5, size: 3, items: [4, 5, 6] },
    ]);
    for (const { meanDistance } of clusters) expect(meanDistance).toBeCloseTo((2 * chord(10)) / 3, 6);
    expect(energy).toBeCloseTo(4 * chord(10), 6);
  });

  it('clusters into as many as save more than they cost', async () => {
    fill([0, 10, 20, 180, 190, 200].map(atAngle), () => ({}));
    const { result } = await run('cluster', { clusters: 6, facilityCost: 1 });
    expect(result).toMatchObject({ clusters: [{ items: [1, 2, 3] }, { items: [4, 5, 6] }] });
    for (const gallery of opened.splice(0)) await gallery.close();
    const job = await run('cluster', { clusters: 6, method: 'k-means', facilityCost: 1 });
    expect(job).toMatchObject({ state: 'failed', error: { code: 'invalid-request' } });
  });

  it('clusters nothing, and fewer items than clusters', async () => {
    expect((await run('cluster', { clusters: 3 })).result).toEqual({ clusters: [], energy: 0 });
    fill([0, 90].map(atAngle), () => ({}));
    const [gallery] = opened.splice(0);
    await gallery.close();
    expect((await run('cluster', { clusters: 3 })).result).toMatchObject({
      clusters: { length: 2 },
      energy: 0,
    });
  });

  it('clusters more items than are compared with each other, through the graph', async () => {
    const vectors = createMany(15_010);
    fill(vectors, () => ({}));
    const { state, result, progress } = await run('cluster', { clusters: 1501 });
    expect({ state, progress }).toEqual({ state: 'done', progress: { done: 15_010, total: 15_010 } });
    const { clusters, energy } = result as { clusters: Cluster[]; energy: number };
    expect(clusters.flatMap(({ items }) => items).sort((a, b) => a - b)).toEqual(
      vectors.map((_, i) => i + 1),
    );
    // The items came in tens around 1501 centres, and few clusters are of others.
    const tens = clusters.filter(({ size, items }) => size === 10 && items[9] - items[0] === 9);
    expect(tens.length).toBeGreaterThan(1400);
    const sum = clusters.reduce((total, { size, meanDistance }) => total + size * meanDistance, 0);
    expect(energy).toBeCloseTo(sum, 6);
  });

  it('groups what shows the same: the same bytes, and what is near one of them', async () => {
    // 1 and 3 are near each other but 3 is too far from 0; 5 has the bytes of 4, though another vector.
    fill([0, 5, 90, 10, 200, 300].map(atAngle), i => ({ image: i === 5 ? 4 : i }));
    const { result } = await run('dedupe', { maxDistance: chord(6) });
    const near = { tier: 'near', distance: expect.closeTo(chord(5), 5), hashDistance: null };
    expect(result).toEqual({
      groups: [
        { representative: 1, items: [{ id: 2, ...near }] },
        { representative: 5, items: [{ id: 6, tier: 'identical', distance: 0, hashDistance: 0 }] },
      ],
      duplicates: 2,
      tiers: { identical: 1, 'same-picture': 0, near: 1 },
      maxDistance: chord(6),
      // These items have no pictures.
      unreadable: [1, 2, 3, 4, 5, 6],
    });
  });

  it('finds all of a group that is larger than what is asked for at first', async () => {
    fill(
      Array.from({ length: 130 }, (_, i) => (i < 120 ? atAngle(i / 100) : atAngle(90 + i))),
      () => ({}),
    );
    const { result } = await run('dedupe', { maxDistance: chord(2) });
    const { groups } = result as { groups: { representative: number; items: { id: number }[] }[] };
    expect(groups[0].items).toHaveLength(119);
    const ids = [groups[0].representative, ...groups[0].items.map(({ id }) => id)];
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
  });

  it('evaluates the labelled items exactly and through the graph', async () => {
    fill([0, 5, 10, 15, 100, 105, 50].map(atAngle), i => (i === 6 ? {} : { label: i < 4 ? 'a' : 'b' }));
    const job = await run('evaluate', { ks: [1, 2], seed: 3 });
    const perfect = { recallAt: { 1: 1, 2: 1 }, rPrecision: 1, mapAtR: 1, queries: 6, singletons: 0 };
    expect(job.result).toMatchObject({
      ...{
        ...perfect,
        items: 6,
        classes: 2,
        f1: 1,
        index: { name: 'hnsw', ...perfect, nearestFoundAt: { 1: 1, 2: 1 } },
      },
    });
    const [gallery] = opened.splice(0);
    const collection = await gallery.collection('default');
    for (const id of [5, 6]) await collection.updateItem(id, { label: null });
    await gallery.close();
    expect(await run('evaluate', {})).toMatchObject({ state: 'failed', error: { code: 'invalid-dataset' } });
  });

  const interrupted: [JobKindName, object][] = [
    ['cluster', { clusters: 40, method: 'k-means' }],
    ['cluster', { clusters: 40 }],
    ['dedupe', { maxDistance: 0.6 }],
    ['evaluate', { ks: [1, 2] }],
  ];
  it.each(interrupted)(
    '%s %j is begun anew when the gallery is opened again, with the same result',
    async (kind, input) => {
      fill(createMany(3000), i => ({ label: `label-${Math.floor(i / 10)}` }));
      const gallery = await open();
      const { id } = gallery.jobs.start(kind, 'default', input);
      await untilUnderWay(gallery.jobs, id);
      await gallery.close();
      const again = await open();
      const { job, states } = await followJob(again.jobs, id);
      // It had not come to its end before.
      expect(states).toEqual(['running', 'done']);
      const second = again.jobs.start(kind, 'default', input);
      expect((await followJob(again.jobs, second.id)).job.result).toEqual(job.result);
    },
  );
});
