import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { MedoidError } from '../../../src/errors.js';
import { Gallery, type GalleryOptions } from '../../../src/gallery/gallery.js';
import type { JobServices, JobSummary } from '../../../src/gallery/jobs/job.js';
import { JobRunner } from '../../../src/gallery/jobs/job-runner.js';
import { hashImage } from '../../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { beforeEmbedding, createGate, type Gate } from '../../fixtures/gate.js';
import { createPicture } from '../../fixtures/images.js';
import { followJob } from '../../fixtures/jobs.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('jobs', () => {
  let filled: FilledGallery;
  let gate: Gate;
  const opened: Gallery[] = [];
  const notices: string[] = [];

  const open = async (options: Partial<GalleryOptions> = {}): Promise<Gallery> => {
    const gallery = await Gallery.open(filled.directory, {
      access: 'write',
      threads: 1,
      runJobs: true,
      onNotice: message => notices.push(message),
      ...options,
    });
    opened.push(gallery);
    return gallery;
  };
  /** Whose model stops at the gate. */
  const openGated = () => open({ wrapEmbedder: inner => beforeEmbedding(inner, gate.pass) });
  /** Has the disk refuse writes to the jobs, of which a condition holds, as a full one does. */
  const refuseWrites = (condition: string): { readonly end: () => void } => {
    const database = new Database(join(filled.directory, 'catalog.sqlite'));
    database.exec(
      `CREATE TRIGGER full BEFORE UPDATE ON jobs WHEN ${condition}
       BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
    );
    return {
      end() {
        database.exec('DROP TRIGGER full');
        database.close();
      },
    };
  };
  const byUrl = (key: string) => ({ items: [{ key, url: `http://x/${key}` }] });

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 4 });
    gate = createGate();
    notices.length = 0;
  });
  afterEach(async () => {
    gate.stayOpen();
    for (const gallery of opened.splice(0)) await gallery.close();
    await filled.remove();
  });

  it('are on disk when they are started, run in order, and are told of until they end', async () => {
    const { jobs } = await open({ fetchImage: async () => filled.pictures[0] });
    const [first, second] = ['a', 'b'].map(key => jobs.start('add-items', 'default', byUrl(key)));
    expect([first.state, second.state]).toEqual(['running', 'queued']);
    expect(second).toMatchObject({
      id: 2,
      kind: 'add-items',
      collection: 'default',
      result: null,
      error: null,
    });
    const { job, states } = await followJob(jobs, 2);
    expect(states).toEqual(['queued', 'running', 'done']);
    expect(job).toMatchObject({ progress: { done: 1, total: 1 }, result: { added: 1 } });
    const times = [job.createdAt, job.startedAt, job.finishedAt];
    expect([...times].sort()).toEqual(times);
    expect(jobs.get(1).state).toBe('done');
    // One that has ended is told of once.
    expect((await followJob(jobs, 1)).states).toEqual(['done']);
  });

  it('are listed in pages, of a collection, in a state', async () => {
    const gallery = await openGated();
    await gallery.createCollection('other', join(filled.folder, 'model'));
    const { jobs } = gallery;
    jobs.start('cluster', 'other', { clusters: 2 });
    for (let i = 0; i < 3; i++) jobs.start('cluster', 'default', { clusters: 2 });
    for (const id of [1, 2, 3, 4]) await followJob(jobs, id);
    const idsOf = (list: { jobs: JobSummary[] }) => list.jobs.map(({ id }) => id);
    const page = jobs.list({ collection: 'default', limit: 2 });
    expect([idsOf(page), page.next]).toEqual([[2, 3], 3]);
    // What each came to is told of one at a time: it may be long.
    expect(page.jobs.map(({ state, result }) => [state, result])).toEqual(Array(2).fill(['done', null]));
    expect(jobs.get(2).result).toMatchObject({ clusters: expect.any(Array) });
    expect(jobs.list({ collection: 'default', limit: 2, afterId: 3 })).toMatchObject({
      jobs: { length: 1 },
      next: null,
    });
    expect(idsOf(jobs.list({ state: 'done', limit: 9 }))).toEqual([1, 2, 3, 4]);
    expect([jobs.count('done'), jobs.count('queued')]).toEqual([4, 0]);
    expect(() => jobs.list({ collection: 'none', limit: 1 })).toThrow(withCode('not-found'));
  });

  it('refuse what is malformed, naming the field, and a collection there is none of', async () => {
    const { jobs } = await open();
    const start = (input: unknown) => () => jobs.start('cluster', 'default', input);
    expect(start({ clusters: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-request', field: 'clusters' }),
    );
    expect(start({ clusters: 2, odd: 1 })).toThrow(withCode('invalid-request'));
    expect(start({ clusters: 2, method: 'magic' })).toThrow(/method/);
    expect(() => jobs.start('cluster', 'none', { clusters: 1 })).toThrow(withCode('not-found'));
    expect(() => jobs.get(1)).toThrow(withCode('not-found'));
    expect(jobs.list({ limit: 9 }).jobs).toEqual([]);
  });

  it('are cancelled: one that waits at once, one that runs when it notices, one that has ended not', async () => {
    const { jobs } = await open({
      fetchImage: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () =>
            reject(new MedoidError('interrupted', 'stopped on request')),
          );
        }),
    });
    jobs.start('add-items', 'default', byUrl('a'));
    jobs.start('add-items', 'default', byUrl('b'));
    expect(jobs.cancel(2)).toMatchObject({ id: 2, state: 'cancelled', error: null });
    const following = followJob(jobs, 1);
    expect(jobs.cancel(1).state).toBe('running');
    expect(await following).toMatchObject({ job: { state: 'cancelled' }, states: ['running', 'cancelled'] });
    for (const id of [1, 2]) expect(() => jobs.cancel(id)).toThrow(withCode('conflict'));
    expect(() => jobs.cancel(3)).toThrow(withCode('not-found'));
  });

  it('fail with what went wrong; what nobody foresaw is told of and not shown', async () => {
    const { jobs } = await open({
      wrapEmbedder: inner =>
        beforeEmbedding(inner, async () => {
          throw new Error('secret detail');
        }),
      fetchImage: async () => createPicture('new'),
    });
    jobs.start('activate-model', 'default', { modelId: 'none@1' });
    expect((await followJob(jobs, 1)).job).toMatchObject({ state: 'failed', error: { code: 'not-found' } });
    jobs.start('add-items', 'default', byUrl('a'));
    const { error } = (await followJob(jobs, 2)).job;
    expect(error?.code).toBe('internal-error');
    expect(error?.message).not.toContain('secret');
    expect(notices).toEqual(['job 2, add-items, failed']);
  });

  it('give who is slow the newest state only, and end with the signal and the gallery', async () => {
    const gallery = await openGated();
    const { jobs } = gallery;
    const picture = await createPicture('new');
    const staged = await (await gallery.collection('default')).stageImage(picture);
    const items = [{ key: 'a', imageSha256: staged.imageSha256 }];
    jobs.start('add-items', 'default', { items });
    jobs.start('cluster', 'default', { clusters: 2 });
    await staged.release();
    const slow = jobs.watch(1, new AbortController().signal);
    expect((await slow.next()).value).toMatchObject({ state: 'running' });
    await gate.reached();
    gate.open();
    await followJob(jobs, 1);
    expect((await slow.next()).value).toMatchObject({ state: 'done' });
    expect((await slow.next()).done).toBe(true);
    await followJob(jobs, 2);
    jobs.start('add-items', 'default', { items: [{ key: 'b', url: 'http://x/' }] });
    const stop = new AbortController();
    const left = jobs.watch(3, stop.signal);
    await left.next();
    const next = left.next();
    stop.abort();
    expect((await next).done).toBe(true);
    const last = jobs.watch(3, new AbortController().signal);
    await last.next();
    const ending = (async () => {
      for await (const _ of last);
    })();
    gate.stayOpen();
    await gallery.close();
    await ending;
  });

  it('wait for the gallery to be opened again when it is closed, or was killed', async () => {
    const gallery = await openGated();
    const picture = await createPicture('new');
    const staged = await (await gallery.collection('default')).stageImage(picture);
    gallery.jobs.start('add-items', 'default', { items: [{ key: 'a', imageSha256: staged.imageSha256 }] });
    gallery.jobs.start('cluster', 'default', { clusters: 2 });
    await staged.release();
    await gate.reached();
    const closing = gallery.close();
    gate.open();
    await closing;
    // A reader sees that they wait, and that they end; it starts and cancels none.
    const reader = await open({ access: 'read' });
    expect(reader.jobs.list({ limit: 9 }).jobs.map(({ state }) => state)).toEqual(['queued', 'queued']);
    expect(() => reader.jobs.cancel(2)).toThrow(withCode('read-only'));
    expect(() => reader.jobs.start('cluster', 'default', { clusters: 2 })).toThrow(withCode('read-only'));
    const seen = followJob(reader.jobs, 2);
    // As it is left by a process that was killed.
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    catalog.jobs.begin(1);
    catalog.close();
    gate.stayOpen();
    const again = await openGated();
    expect((await followJob(again.jobs, 1)).job).toMatchObject({
      state: 'done',
      result: { added: 1, failedCount: 0 },
    });
    expect((await seen).job).toMatchObject({ id: 2, state: 'done' });
  });

  it('are left to a server by whoever opens the gallery for something else', async () => {
    const gallery = await open({ runJobs: false });
    const picture = await createPicture('staged');
    const { imageSha256, release } = await (await gallery.collection('default')).stageImage(picture);
    const items = [
      { key: 'staged', imageSha256 },
      { key: 'fetched', url: 'http://x/' },
    ];
    gallery.jobs.start('add-items', 'default', { items });
    gallery.jobs.start('cluster', 'default', { clusters: 2 });
    await release();
    await gallery.close();
    const importer = await open({ runJobs: false });
    const collection = await importer.collection('default');
    await collection.add([{ key: 'same', image: picture }]);
    await collection.removeByKeys(['same']);
    expect(importer.jobs.list({ limit: 9 }).jobs.map(({ state }) => state)).toEqual(['queued', 'queued']);
    expect(importer.jobs.cancel(2).state).toBe('cancelled');
    await importer.close();
    const server = await open({ fetchImage: () => createPicture('fetched') });
    expect((await followJob(server.jobs, 1)).job).toMatchObject({ state: 'done', result: { added: 2 } });
  });

  it('go on when the disk refuses what became of one of them', async () => {
    const { jobs } = await open({ fetchImage: async () => filled.pictures[0] });
    const full = refuseWrites(`NEW.state = 'done' AND NEW.id = 1`);
    jobs.start('add-items', 'default', byUrl('a'));
    jobs.start('add-items', 'default', byUrl('b'));
    expect((await followJob(jobs, 1)).job).toMatchObject({
      state: 'failed',
      error: { code: 'internal-error' },
    });
    expect((await followJob(jobs, 2)).job.state).toBe('done');
    full.end();
    expect(notices).toEqual(['how job 1 ended could not be written']);
  });

  it('go on behind one of which nothing can be written, which may be cancelled or is begun again', async () => {
    const gallery = await open({ fetchImage: async () => filled.pictures[0] });
    const { jobs } = gallery;
    const full = refuseWrites(`NEW.finished_at IS NOT NULL AND NEW.id IN (1, 2)`);
    for (const key of ['a', 'b', 'c']) jobs.start('add-items', 'default', byUrl(key));
    expect((await followJob(jobs, 3)).job.state).toBe('done');
    full.end();
    expect([jobs.get(1).state, jobs.get(2).state]).toEqual(['running', 'running']);
    expect(jobs.cancel(1).state).toBe('cancelled');
    await gallery.close();
    const again = await open({ fetchImage: async () => filled.pictures[0] });
    // From its checkpoint: nothing is counted twice.
    expect((await followJob(again.jobs, 2)).job).toMatchObject({ state: 'done', result: { added: 1 } });
    expect(notices).toContain('job 1 could not be brought to an end');
  });

  it('wait while the disk refuses that they begin', async () => {
    const { jobs } = await open({ fetchImage: async () => filled.pictures[0] });
    const full = refuseWrites(`NEW.state = 'running'`);
    expect(jobs.start('add-items', 'default', byUrl('a')).state).toBe('queued');
    full.end();
    // With the next one that is started, if not sooner.
    jobs.start('add-items', 'default', byUrl('b'));
    for (const id of [1, 2]) expect((await followJob(jobs, id)).job.state).toBe('done');
    expect(notices).toEqual(['job 1 waits, as its beginning could not be written']);
  });

  it('are over when the runner is closed, with what is tidied up after them', async () => {
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    const runner = new JobRunner({
      services: { catalog } as JobServices,
      access: 'write',
      jobsAtOnce: 0,
      open: () => Promise.reject(new Error('nothing runs')),
      findCollectionId: name => catalog.findCollectionId(name),
      sweepImages: gate.pass,
      notify: message => notices.push(message),
    });
    runner.start('cluster', 'default', { clusters: 2 });
    runner.cancel(1);
    let isClosed = false;
    const closing = runner.close().then(() => {
      isClosed = true;
    });
    await gate.reached();
    await new Promise(resolve => setImmediate(resolve));
    expect(isClosed).toBe(false);
    gate.open();
    await closing;
    catalog.close();
  });

  it('go with their collection, and the images that only they needed', async () => {
    const gallery = await openGated();
    const pictures = await Promise.all([1, 2].map(i => createPicture(`new ${i}`)));
    const collection = await gallery.collection('default');
    for (const picture of pictures) {
      const { imageSha256, release } = await collection.stageImage(picture);
      gallery.jobs.start('add-items', 'default', { items: [{ key: imageSha256, imageSha256 }] });
      await release();
    }
    const files = pictures.map(picture => {
      const sha256 = hashImage(picture);
      return join(filled.directory, 'images', sha256.slice(0, 2), sha256);
    });
    expect(files.map(existsSync)).toEqual([true, true]);
    await gate.reached();
    const following = followJob(gallery.jobs, 1);
    const removing = gallery.removeCollection('default');
    gate.stayOpen();
    await removing;
    await following;
    expect(() => gallery.jobs.get(1)).toThrow(withCode('not-found'));
    expect(files.map(existsSync)).toEqual([false, false]);
  });

  it('are forgotten, the oldest first, when a thousand newer ones have ended', async () => {
    const { jobs } = await open();
    jobs.start('cluster', 'default', { clusters: 1 });
    await followJob(jobs, 1);
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    catalog.transaction(() => {
      for (let i = 0; i < 999; i++) {
        catalog.jobs.end(catalog.jobs.add({ kind: 'cluster', collectionId: 1, input: {} }).id, {
          state: 'cancelled',
        });
      }
    });
    catalog.close();
    expect(jobs.get(1).state).toBe('done');
    const { id } = jobs.start('cluster', 'default', { clusters: 1 });
    await followJob(jobs, id);
    expect(() => jobs.get(1)).toThrow(withCode('not-found'));
    expect(jobs.get(2).state).toBe('cancelled');
  });
});
