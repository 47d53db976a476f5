import request, { type Response, type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';

const path = '/v1/collections/default/clusters';
const large = '/v1/collections/large/clusters';

describe('clusters over HTTP', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp();
    const collection = await filled.gallery.createCollection('large', `${filled.folder}/model`);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(seed => createPicture(seed)));
    const items = Array.from({ length: 2010 }, (_, i) => ({ key: `i-${i}`, image: i % 2 === 0 ? a : b }));
    await collection.add([...items, { key: 'c', image: c, label: 'one' }]);
  });
  afterAll(() => filled.remove());

  const post = (body: unknown, at = path): Test =>
    request(filled.app)
      .post(at)
      .send(body as object);
  const upload = async (
    pictures: readonly Buffer[],
    query: Record<string, unknown> = {},
  ): Promise<Response> => {
    const form = request(filled.app).post(path).query(query);
    for (const [i, picture] of pictures.entries()) form.attach('image', picture, `picture ${i}.png`);
    return form;
  };
  const jobs = () => filled.gallery.jobs.list({ limit: 100 }).jobs;

  it('are those of a collection, of a filter, and of a list of ids', async () => {
    const { body } = await post({}).expect(200);
    const ids = body.clusters.flatMap(({ members }: { members: { id: number }[] }) =>
      members.map(one => one.id),
    );
    expect(ids.sort((a: number, b: number) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const filter = { field: 'label', equals: 'label-2' };
    expect((await post({ clusters: 2, method: 'k-means', filter }).expect(200)).body).toMatchObject({
      ...{ items: 4, purity: 1, method: 'k-means', clusters: { length: 2 } },
    });
    expect((await post({ clusters: 1, itemIds: [7, 3] }).expect(200)).body).toMatchObject({
      ...{ items: 2, silhouette: null, clusters: [{ size: 2 }] },
    });
    expect(jobs()).toEqual([]);
  });

  it('of more items than are answered at once are those of a job, with the same answer', async () => {
    const accepted = await post({ clusters: 2 }, large).expect(202);
    expect(accepted.headers.location).toBe(`/v1/jobs/${accepted.body.id}`);
    const { job } = await followJob(filled.gallery.jobs, accepted.body.id);
    expect(job).toMatchObject({ kind: 'cluster', state: 'done', result: { items: 2011 } });
    const itemIds = Array.from({ length: 2000 }, (_, i) => 13 + i);
    const { body } = await post({ clusters: 2, itemIds }, large).expect(200);
    expect(body.items).toBe(2000);
    expect(Object.keys(body)).toEqual(Object.keys(job.result as object));
    const filter = { field: 'label', exists: true };
    expect((await post({ filter }, large).expect(200)).body.items).toBe(1);
  });

  it('of many items are refused to whoever may start no job, and by a server that changes nothing', async () => {
    const store = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    const { key } = store.create({ name: 'reader', scopes: ['read'], rateLimit: null });
    const { gallery, folder } = filled;
    const app = createApp({ gallery, log: createLog('silent'), webDirectory: folder, keys: store });
    const ask = (at: string) =>
      request(app).post(at).set('Authorization', `Bearer ${key}`).send({ clusters: 2 });
    const before = jobs().length;
    const refused = await ask(large);
    expectProblem(refused, 'forbidden');
    expect(refused.body.detail).toMatch(/scope write, or at most 2000 items, got 2011/);
    expect((await ask(path)).status).toBe(200);
    expect(jobs()).toHaveLength(before);
    store.close();
    const reading = await openFilledApp({ access: 'read', count: 3 });
    await request(reading.app).post(path).send({ clusters: 2 }).expect(200);
    await reading.remove();
  });

  const bad: [string, unknown, string, RegExp][] = [
    ['no number for k-means', { method: 'k-means' }, 'clusters', /expected a number with the method k-means/],
    ['0 clusters', { clusters: 0 }, 'clusters', />=1, got 0/],
    ['who else chooses', { clusters: 'auto' }, 'clusters', /elbow or silhouette, got "auto"/],
    ['two ways to choose', { clusters: 'elbow', facilityCost: 2 }, 'clusters', /chooses how many itself/],
    ['a filter and ids', { itemIds: [1], filter: { field: 'id', equals: 1 } }, 'itemIds', /got both/],
    ['a filter that is none', { filter: { field: 'colour', equals: 1 } }, 'filter', /expected id, key/],
    ['an id that is none', { itemIds: [1, 'x'] }, 'itemIds.1', /got "x"/],
    ['another field', { k: 3 }, 'k', /there is no field "k" here/],
  ];
  it.each(bad)('are refused with %s', async (_, body, field, detail) => {
    const response = await post(body);
    expectProblem(response, 'invalid-request');
    expect(response.body.field).toBe(field);
    expect(response.body.detail).toMatch(detail);
  });

  it('are refused of items that are not there, of no collection, and with parameters beside JSON', async () => {
    const unknown = await post({ itemIds: [3, 999, 1000] });
    expectProblem(unknown, 'not-found');
    expect(unknown.body).toMatchObject({ field: 'itemIds', detail: 'the collection has no item 999, 1000' });
    // An item of another collection is none of this one.
    expectProblem(await post({ itemIds: [13] }), 'not-found');
    expectProblem(await post({}, '/v1/collections/nobody/clusters'), 'not-found');
    expectProblem(await post({}, `${path}?clusters=2`), 'invalid-request');
  });

  describe('of pictures that are not stored', () => {
    it('are of positions, and leave nothing behind', async () => {
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(seed => createPicture(seed)));
      const { status, body } = await upload([a, b, a, c], { clusters: 3 });
      expect(status).toBe(200);
      const [pair, ...single] = body.clusters;
      expect(pair).toMatchObject({ medoid: 0, size: 2, meanDistance: 0, label: null, purity: null });
      expect(pair.members).toEqual([
        { image: 0, distance: 0 },
        { image: 2, distance: 0 },
      ]);
      expect(single.map(({ medoid }: { medoid: number }) => medoid)).toEqual([1, 3]);
      expect(body).toMatchObject({ items: 4, purity: null, method: 'facility-location' });
      const by = { clusters: 'elbow', mostClusters: '2' };
      expect((await upload([a, b, a, c], by)).body.clusters.length).toBeLessThanOrEqual(2);
      expect((await upload([a, b], { clusters: '2', method: 'k-means', seed: '5' })).body.method).toBe(
        'k-means',
      );
      const { items } = (await request(filled.app).get('/v1/collections/default').expect(200)).body;
      expect(items).toBe(12);
    });

    it('are refused, naming the file, where one cannot be read', async () => {
      const picture = await createPicture('a');
      const noPicture = await upload([picture, picture, Buffer.from('no picture at all')]);
      expectProblem(noPicture, 'unsupported-image');
      expect(noPicture.body.field).toBe('image.2');
      expect(noPicture.body.detail).toMatch(/^image\.2 \("picture 2\.png"\): expected jpeg/);
      const cut = picture.subarray(0, picture.length / 2);
      expectProblem(await upload([cut, picture]), 'unreadable-image');
      expectProblem(await upload([Buffer.alloc(0), picture]), 'missing-image');
    });

    it('are refused of fewer than two, of too many, and with options that do not fit', async () => {
      const picture = await createPicture('a');
      const one = await upload([picture]);
      expectProblem(one, 'missing-image');
      expect(one.body.detail).toBe('image: expected two files or more, got 1');
      const body = request(filled.app).post(path).set('Content-Type', 'image/png').send(picture);
      expectProblem(await body, 'missing-image');
      const many = await upload(Array.from({ length: 65 }, () => picture));
      expectProblem(many, 'invalid-request');
      expect(many.body.detail).toMatch(/at most 64 files/);
      const odd: [Record<string, unknown>, string, RegExp][] = [
        [{ clusters: 'many' }, 'clusters', /from 1 to 10000, elbow or silhouette, got "many"/],
        [{ clusters: '0' }, 'clusters', /elbow or silhouette|from 1 to 10000/],
        [{ method: 'k-means' }, 'clusters', /expected a number with the method k-means/],
        [{ facilityCost: '-1' }, 'facilityCost', /got "-1"/],
        [{ filter: '{}' }, 'filter', /there is no parameter "filter" here/],
      ];
      for (const [query, field, detail] of odd) {
        const response = await upload([picture, picture], query);
        expectProblem(response, 'invalid-request');
        expect(response.body.field).toBe(field);
        expect(response.body.detail).toMatch(detail);
      }
    });
  });
});
