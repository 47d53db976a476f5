import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { digestItems } from '../../../src/gallery/evaluations/digest-items.js';
import { searchAsServed } from '../../../src/gallery/evaluations/search-as-served.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { followJob } from '../../fixtures/jobs.js';

describe('an evaluation that is stored', () => {
  let filled: FilledGallery;
  let gallery: Gallery | undefined;

  const open = async (): Promise<Gallery> => {
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, runJobs: true });
    return gallery;
  };
  const close = async (): Promise<void> => {
    await gallery?.close();
    gallery = undefined;
  };
  const withCatalog = <T>(use: (catalog: Catalog) => T): T => {
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    try {
      return use(catalog);
    } finally {
      catalog.close();
    }
  };

  beforeEach(async () => {
    filled = await createFilledGallery();
  });
  afterEach(async () => {
    await close();
    await filled.remove();
  });

  it('is not stored twice when the program ends between it and the end of its job', async () => {
    const { jobs } = await open();
    const { job } = await followJob(jobs, jobs.start('evaluate', 'default', {}).id);
    await close();
    // As a process leaves it that was killed after the evaluation, with its checkpoint, was committed.
    const id = withCatalog(catalog => {
      const [{ id: collectionId }] = catalog.listCollections();
      const row = catalog.jobs.add({ kind: 'evaluate', collectionId, input: {} });
      catalog.jobs.begin(row.id);
      catalog.jobs.saveCheckpoint(row.id, { result: job.result });
      return row.id;
    });
    const again = await open();
    expect((await followJob(again.jobs, id)).job).toMatchObject({ state: 'done', result: job.result });
    expect(again.evaluations.list('default', { limit: 9 }).evaluations).toHaveLength(1);
  });

  it('is stored as often as it is asked for, and goes with its collection', async () => {
    const { jobs, evaluations } = await open();
    for (let i = 0; i < 3; i++) await followJob(jobs, jobs.start('evaluate', 'default', {}).id);
    const ids = evaluations.list('default', { limit: 9 }).evaluations.map(({ id }) => id);
    expect(ids).toEqual([3, 2, 1]);
    await gallery?.removeCollection('default');
    await close();
    withCatalog(catalog => {
      expect(catalog.evaluations.list({ collectionId: 1, limit: 9 })).toEqual([]);
    });
  });

  it('tells an odd row in the catalog', async () => {
    withCatalog(catalog => {
      const row = { collectionId: 1, modelId: 'a', input: {}, itemsSha256: '0'.repeat(64), result: {} };
      catalog.evaluations.add(row);
    });
    const { evaluations } = await open();
    expect(() => evaluations.list('default', { limit: 9 })).toThrow(/odd row/);
  });

  it('is of other items when one has another id, label or image, and of no other for anything else', async () => {
    const { signal } = new AbortController();
    const one = { itemId: 1, label: 'a', imageSha256: '1'.repeat(64) };
    const two = { itemId: 2, label: 'b', imageSha256: '2'.repeat(64) };
    const whole = await digestItems([one, two], signal);
    expect(await digestItems([{ ...one }, { ...two }], signal)).toBe(whole);
    for (const changed of [{ itemId: 3 }, { label: 'c' }, { imageSha256: '3'.repeat(64) }])
      expect(await digestItems([one, { ...two, ...changed }], signal)).not.toBe(whole);
    expect(await digestItems([one], signal)).not.toBe(whole);
  });

  it('asks as a user does who pages until there are enough that count', () => {
    const hits = Array.from({ length: 2500 }, (_, id) => ({ id, distance: id / 2500 }));
    const asked: [number, number][] = [];
    const rank = ({ k, offset }: { k: number; offset: number }) => {
      asked.push([k, offset]);
      return { hits: hits.slice(offset, offset + k), hasMore: offset + k < hits.length };
    };
    const ask = (count: number, candidates: number, toCandidate: (id: number) => number | undefined) => {
      asked.length = 0;
      return searchAsServed({ count, candidates, among: 2500 }, rank, toCandidate);
    };
    expect(ask(3, 2500, id => -id)).toEqual([-0, -1, -2]);
    expect(asked).toEqual([[3, 0]]);
    // Every fourth counts, and they are counted.
    expect(ask(2, 625, id => (id % 4 === 3 ? id : undefined))).toEqual([3, 7]);
    expect(asked).toEqual([[8, 0]]);
    // They lie farther away than their number lets expect.
    expect(ask(2, 1250, id => (id >= 5 ? id : undefined))).toEqual([5, 6]);
    expect(asked).toEqual([
      [4, 0],
      [4, 4],
    ]);
    expect(ask(2000, 2500, id => id)).toHaveLength(2000);
    expect(asked).toEqual([
      [1000, 0],
      [1000, 1000],
    ]);
    expect(ask(9, 2500, id => (id === 2499 ? id : undefined))).toEqual([2499]);
  });

  it('measures the searches of its collection, as far as they are filtered', async () => {
    const { jobs } = await open();
    const filter = { field: 'label', in: ['label-0', 'label-1'] };
    const { job } = await followJob(jobs, jobs.start('evaluate', 'default', { filter }).id);
    expect(job.result).toMatchObject({ items: 8, classes: 2, index: { nearestFoundAt: { 1: 1, 8: 1 } } });
  });
});
