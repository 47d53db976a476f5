import request, { type Response, type Test } from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { beforeEmbedding, createGate, type Gate } from '../fixtures/gate.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';

const collection = '/v1/collections/default';
const base64 = (picture: Buffer) => ({ base64: picture.toString('base64') });

describe('jobs', () => {
  let filled: FilledApp;
  let gate: Gate;

  beforeEach(async () => {
    gate = createGate();
    filled = await openFilledApp({
      open: {
        wrapEmbedder: inner => beforeEmbedding(inner, gate.pass),
        fetchImage: () => createPicture('by url'),
      },
    });
  });
  afterEach(async () => {
    gate.stayOpen();
    await filled.remove();
  });

  const start = (job: unknown, name = 'default'): Test =>
    request(filled.app)
      .post(`/v1/collections/${name}/jobs`)
      .send(job as object);
  const addLater = (items: unknown, prefer = 'respond-async'): Test =>
    request(filled.app)
      .post(`${collection}/items`)
      .set('Prefer', prefer)
      .send({ items } as object);
  const ended = async ({ body }: Response) => {
    await followJob(filled.gallery.jobs, body.id);
    return (await request(filled.app).get(`/v1/jobs/${body.id}`).expect(200)).body;
  };
  const list = async (query: Record<string, string> = {}) => {
    const { body } = await request(filled.app).get('/v1/jobs').query(query).expect(200);
    return { ids: body.jobs.map(({ id }: { id: number }) => id), next: body.next };
  };

  describe('that are started', () => {
    const kinds: [string, object, (result: Record<string, unknown>) => void][] = [
      ['cluster', { clusters: 3 }, ({ clusters }) => expect(clusters).toHaveLength(3)],
      ['cluster', { itemIds: [3, 5] }, ({ items }) => expect(items).toBe(2)],
      [
        'cluster',
        { clusters: 2, method: 'k-means', seed: 7 },
        ({ clusters }) => expect(clusters).toHaveLength(2),
      ],
      ['dedupe', { maxDistance: 2 }, ({ duplicates }) => expect(duplicates).toBe(11)],
      ['evaluate', { ks: [1, 4] }, ({ items }) => expect(items).toBe(12)],
    ];
    it.each(kinds)('are told where they are, and what came of them: %s %j', async (kind, input, check) => {
      const accepted = await start({ kind, ...input }).expect(202);
      expect(accepted.headers.location).toBe(`/v1/jobs/${accepted.body.id}`);
      expect(accepted.body).toMatchObject({ kind, collection: 'default', result: null, error: null });
      const job = await ended(accepted);
      expect(job).toMatchObject({ id: accepted.body.id, state: 'done', error: null });
      check(job.result);
    });

    const bad: [string, unknown, string | undefined, RegExp][] = [
      [
        'no kind',
        {},
        'kind',
        /^kind: expected cluster, consolidate-clusters, dedupe or evaluate, got nothing/,
      ],
      ['an unknown kind', { kind: 'paint' }, 'kind', /got "paint"/],
      [
        'a kind that has a way of its own',
        { kind: 'activate-model', modelId: 'x' },
        'kind',
        /got "activate-model"/,
      ],
      [
        'no number for k-means',
        { kind: 'cluster', method: 'k-means' },
        'clusters',
        /^clusters: expected a number with the method k-means, got nothing/,
      ],
      [
        'a cost for k-means',
        { kind: 'cluster', method: 'k-means', clusters: 2, facilityCost: 1 },
        'facilityCost',
        /^facilityCost: expected it with the method facility-location only, got 1/,
      ],
      ['0 clusters', { kind: 'cluster', clusters: 0 }, 'clusters', />=1, got 0/],
      ['another method', { kind: 'cluster', clusters: 2, method: 'x' }, 'method', /got "x"/],
      ['another field', { kind: 'dedupe', clusters: 2 }, 'clusters', /there is no field "clusters" here/],
      ['a negative distance', { kind: 'dedupe', maxDistance: -1 }, 'maxDistance', />=0, got -1/],
      ['no Ks', { kind: 'evaluate', ks: [] }, 'ks', />=1 items/],
      ['a list', [], undefined, /expected/],
    ];
    it.each(bad)('are refused with %s', async (_, body, field, detail) => {
      const response = await start(body);
      expectProblem(response, 'invalid-request');
      expect(response.body.detail).toMatch(detail);
      if (field !== undefined) expect(response.body.field).toBe(field);
      expect((await list()).ids).toEqual([]);
    });

    it('are refused for a collection that is not there, and by a server that changes nothing', async () => {
      expectProblem(await start({ kind: 'dedupe' }, 'nobody'), 'not-found');
      const reading = await openFilledApp({ access: 'read', count: 2 });
      const job = { kind: 'dedupe' };
      expectProblem(await request(reading.app).post(`${collection}/jobs`).send(job), 'read-only');
      expectProblem(await request(reading.app).post('/v1/jobs/1/cancel'), 'read-only');
      expect((await request(reading.app).get('/v1/jobs').expect(200)).body).toEqual({ jobs: [], next: null });
      await reading.remove();
    });

    it('of pictures to be added are refused as a whole, and which of them is why', async () => {
      const good = { key: 'a', image: base64(await createPicture('few')) };
      const odd: [unknown, string, RegExp][] = [
        [{ image: { url: 'https://shop.example/a.png' } }, 'invalid-request', /^items\.1: expected a key/],
        [{ key: 'b', image: { base64: 'AAAA' } }, 'unsupported-image', /^items\.1: expected jpeg/],
      ];
      for (const [item, code, detail] of odd) {
        const { body } = await addLater([good, item]);
        expect([body.code, body.field]).toEqual([code, 'items.1']);
        expect(body.detail).toMatch(detail);
      }
      expect((await list()).ids).toEqual([]);
    });

    it('may fail, and say why without taking the server along', async () => {
      const picture = await createPicture('few');
      const { modelId } = (await request(filled.app).get(collection)).body;
      await request(filled.app).post('/v1/collections').send({ name: 'bare', modelId }).expect(201);
      gate.stayOpen();
      const one = { items: [{ key: 'a', image: base64(picture) }] };
      await request(filled.app).post('/v1/collections/bare/items').send(one).expect(200);
      const job = await ended(await start({ kind: 'evaluate' }, 'bare').expect(202));
      expect(job).toMatchObject({
        state: 'failed',
        result: null,
        error: { code: expect.stringMatching(/./) },
      });
      expect(job.error.message).not.toMatch(/\/tmp|medoid-served/);
    });
  });

  describe('that add pictures', () => {
    it('take every form, more than at once, and addresses', async () => {
      const pictures = await Promise.all(Array.from({ length: 3 }, (_, i) => createPicture(`later ${i}`)));
      const items = Array.from({ length: 80 }, (_, i) => ({
        key: `later-${i}`,
        image: base64(pictures[i % 3]),
      }));
      const inJson = await addLater(items, 'wait=5, RESPOND-ASYNC').expect(202);
      const form = await request(filled.app)
        .post(`${collection}/items?label=sofa`)
        .set('Prefer', 'respond-async')
        .attach('image', pictures[0], 'form-a')
        .attach('image', pictures[1], 'form-b')
        .expect(202);
      const byUrl = await addLater([{ key: 'by-url', image: { url: 'http://shop.example/a.png' } }]).expect(
        202,
      );
      gate.stayOpen();
      expect((await ended(inJson)).result).toMatchObject({ added: 80, failedCount: 0 });
      expect((await ended(form)).result).toMatchObject({ added: 2 });
      expect((await ended(byUrl)).result).toMatchObject({ added: 1 });
      const found = await request(filled.app).get(`${collection}/items?key=form-b`).expect(200);
      expect(found.body.items[0]).toMatchObject({ key: 'form-b', label: 'sofa' });
    });

    it('refuse what is no picture before there is a job', async () => {
      const items = [{ image: base64(filled.pictures[0]) }, { image: base64(Buffer.from('text')) }];
      expectProblem(await addLater(items), 'unsupported-image');
      expect((await list()).ids).toEqual([]);
    });

    it('tell of those that turn out to be damaged, and add the others', async () => {
      const picture = await createPicture('cut');
      // Its head is fine.
      const cut = picture.subarray(0, picture.length - 40);
      gate.stayOpen();
      const job = await ended(
        await addLater([
          { key: 'whole', image: base64(picture) },
          { key: 'cut', image: base64(cut) },
        ]).expect(202),
      );
      expect(job).toMatchObject({ state: 'done', result: { added: 1, failedCount: 1 } });
      expect(job.result.failed).toMatchObject([{ key: 'cut', code: 'unreadable-image' }]);
    });

    it('go on when the server is started anew in the middle', async () => {
      const items = await Promise.all(
        Array.from({ length: 70 }, async (_, i) => ({
          key: `kept-${i}`,
          image: base64(await createPicture(`kept ${i}`)),
        })),
      );
      const { body } = await addLater(items).expect(202);
      await gate.reached();
      const closing = filled.gallery.close();
      gate.open();
      gate.stayOpen();
      await closing;
      const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, runJobs: true });
      expect(gallery.jobs.get(body.id).state).toBe('running');
      const app = createApp({ gallery, log: createLog('silent'), webDirectory: filled.folder });
      await followJob(gallery.jobs, body.id);
      const job = (await request(app).get(`/v1/jobs/${body.id}`).expect(200)).body;
      expect(job).toMatchObject({ state: 'done', result: { failedCount: 0 } });
      expect(job.result.added).toBe(70);
      expect((await request(app).get(collection)).body.items).toBe(82);
      await gallery.close();
    });
  });

  describe('that are there', () => {
    /** One that waits at the gate, and two behind it. */
    const startThree = async () => {
      await addLater([{ key: 'a', image: base64(await createPicture('a')) }]).expect(202);
      await gate.reached();
      await start({ kind: 'dedupe' }).expect(202);
      await start({ kind: 'cluster', clusters: 2 }).expect(202);
    };

    it('are listed in pages, of a collection, in a state', async () => {
      await startThree();
      expect(await list()).toEqual({ ids: [1, 2, 3], next: null });
      expect(await list({ limit: '2' })).toEqual({ ids: [1, 2], next: 2 });
      expect(await list({ limit: '2', after: '2' })).toEqual({ ids: [3], next: null });
      expect((await list({ state: 'running' })).ids).toEqual([1]);
      expect((await list({ state: 'queued', collection: 'default' })).ids).toEqual([2, 3]);
      expect((await list({ state: 'failed' })).ids).toEqual([]);
      expectProblem(await request(filled.app).get('/v1/jobs?collection=nobody'), 'not-found');
      for (const query of ['state=over', 'limit=0', 'after=-1', 'kind=cluster']) {
        expectProblem(await request(filled.app).get(`/v1/jobs?${query}`), 'invalid-request');
      }
    });

    it('are cancelled while they wait, while they run, and not when they have ended', async () => {
      await startThree();
      const cancel = (id: number): Test => request(filled.app).post(`/v1/jobs/${id}/cancel`);
      expect((await cancel(2).expect(202)).body).toMatchObject({ id: 2, state: 'cancelled' });
      const running = await cancel(1).expect(202);
      gate.stayOpen();
      expect(await ended(running)).toMatchObject({ state: 'cancelled', result: null, error: null });
      expect(await ended({ body: { id: 3 } } as Response)).toMatchObject({ state: 'done' });
      for (const id of [1, 2, 3]) expectProblem(await cancel(id), 'conflict');
      expectProblem(await cancel(4), 'not-found');
    });

    it('go with their collection', async () => {
      const { modelId } = (await request(filled.app).get(collection)).body;
      await request(filled.app).post('/v1/collections').send({ name: 'short', modelId }).expect(201);
      const { id } = (await start({ kind: 'dedupe' }, 'short').expect(202)).body;
      await request(filled.app).delete('/v1/collections/short').expect(204);
      expectProblem(await request(filled.app).get(`/v1/jobs/${id}`), 'not-found');
    });

    it.each(['999', '0', 'abc'])('have no other ids: %s', async id => {
      const code = id === '999' ? 'not-found' : 'invalid-request';
      for (const path of ['', '/events'])
        expectProblem(await request(filled.app).get(`/v1/jobs/${id}${path}`), code);
      expectProblem(await request(filled.app).post(`/v1/jobs/${id}/cancel`), code);
    });
  });
});
