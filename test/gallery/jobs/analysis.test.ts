import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gallery } from '../../../src/gallery/gallery.js';
import type { JobKindName } from '../../../src/gallery/jobs/index.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { followJob, untilUnderWay } from '../../fixtures/jobs.js';
import { atAngle, chord, createTens, placeItems } from '../../fixtures/placed-items.js';

interface Cluster {
  medoid: number;
  size: number;
  meanDistance: number;
  members: { id: number; distance: number }[];
}

const idsOf = ({ members }: Cluster): number[] => members.map(({ id }) => id).sort((a, b) => a - b);

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
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
  });
  afterEach(async () => {
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it.each(['facility-location', 'k-means'])('clusters by %s, around items', async method => {
    placeItems(filled, [0, 10, 20, 180, 190, 200].map(atAngle));
    const job = await run('cluster', { clusters: 2, method, seed: 1 });
    expect(job).toMatchObject({ state: 'done', progress: { done: 6, total: 6 } });
    const { clusters, energy } = job.result as { clusters: Cluster[]; energy: number };
    expect(clusters).toMatchObject([
      { medoid: 2, size: 3, members: [{ id: 2 }, { id: 1 }, { id: 3 }] },
      { medoid: 5, size: 3, members: [{ id: 5 }, { id: 4 }, { id: 6 }] },
    ]);
    for (const { meanDistance } of clusters) expect(meanDistance).toBeCloseTo((2 * chord(10)) / 3, 6);
    expect(energy).toBeCloseTo(4 * chord(10), 6);
  });

  it('refuses to cluster in ways that do not fit each other, before there is a job', async () => {
    const { jobs } = await open();
    const start = (input: object) => () => jobs.start('cluster', 'default', input);
    expect(start({ clusters: 6, method: 'k-means', facilityCost: 1 })).toThrow(/^facilityCost: expected it/);
    expect(jobs.list({ limit: 1 }).jobs).toEqual([]);
  });

  it('clusters more items than are compared with each other, through the graph', async () => {
    const vectors = createTens(15_010);
    placeItems(filled, vectors);
    const { state, result, progress } = await run('cluster', { clusters: 1501 });
    expect({ state, progress }).toEqual({ state: 'done', progress: { done: 15_010, total: 15_010 } });
    const { clusters, energy } = result as { clusters: Cluster[]; energy: number };
    expect(clusters.flatMap(idsOf).sort((a, b) => a - b)).toEqual(vectors.map((_, i) => i + 1));
    // The items came in tens around 1501 centres, and few clusters are of others.
    const tens = clusters.filter(
      cluster => cluster.size === 10 && idsOf(cluster)[9] - idsOf(cluster)[0] === 9,
    );
    expect(tens.length).toBeGreaterThan(1400);
    const sum = clusters.reduce((total, { size, meanDistance }) => total + size * meanDistance, 0);
    expect(energy).toBeCloseTo(sum, 6);
  });

  it('groups what shows the same: the same bytes, and what is near one of them', async () => {
    // 1 and 3 are near each other but 3 is too far from 0; 5 has the bytes of 4, though another vector.
    placeItems(filled, [0, 5, 90, 10, 200, 300].map(atAngle), i => ({ image: i === 5 ? 4 : i }));
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
    placeItems(
      filled,
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
    placeItems(filled, [0, 5, 10, 15, 100, 105, 50].map(atAngle), i =>
      i === 6 ? {} : { label: i < 4 ? 'a' : 'b' },
    );
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
    expect(await run('evaluate', {})).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
  });

  const interrupted: [JobKindName, object][] = [
    ['cluster', { clusters: 40, method: 'k-means' }],
    ['cluster', { clusters: 40 }],
    ['cluster', { clusters: 'silhouette' }],
    ['dedupe', { maxDistance: 0.6 }],
    ['evaluate', { ks: [1, 2] }],
  ];
  it.each(interrupted)(
    '%s %j is begun anew when the gallery is opened again, with the same result',
    async (kind, input) => {
      placeItems(filled, createTens(3000), i => ({ label: `label-${Math.floor(i / 10)}` }));
      const gallery = await open();
      const { id } = gallery.jobs.start(kind, 'default', input);
      await untilUnderWay(gallery.jobs, id);
      await gallery.close();
      const again = await open();
      const { job, states } = await followJob(again.jobs, id);
      // It had not come to its end before.
      expect(states).toEqual(['running', 'done']);
      const second = again.jobs.start(kind, 'default', input);
      const { result } = (await followJob(again.jobs, second.id)).job;
      // An evaluation is stored, each under an id of its own.
      const { evaluationId: _, ...rest } = result as { evaluationId?: number };
      expect(job.result).toMatchObject(rest);
    },
  );
});
