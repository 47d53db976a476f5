import request, { type Response, type Test } from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';

const collection = '/v1/collections/default';
const clusters = `${collection}/clusters`;

describe('clusters that items join', () => {
  let filled: FilledApp;
  beforeEach(async () => {
    filled = await openFilledApp();
  });
  afterEach(() => filled.remove());

  const get = (path: string): Test => request(filled.app).get(path);
  const begin = async (settings: object = { facilityCost: 1e-6, consolidateAfter: 1000 }) => {
    const { body, headers } = await request(filled.app)
      .put(`${collection}/clustering`)
      .send(settings)
      .expect(202);
    expect(headers.location).toBe(`/v1/jobs/${body.id}`);
    return (await followJob(filled.gallery.jobs, body.id)).job;
  };
  const list = async (query = ''): Promise<{ id: number; size: number; medoid: number }[]> =>
    (await get(`${clusters}${query}`).expect(200)).body.clusters;

  it('are not found until it is begun', async () => {
    for (const path of [
      '/clustering',
      '/clusters',
      '/clusters/1',
      '/clusters/1/history',
      '/items/1/cluster',
    ]) {
      expectProblem(await get(`${collection}${path}`), 'not-found');
    }
    expectProblem(await request(filled.app).delete(`${collection}/clustering`), 'not-found');
    expectProblem(await request(filled.app).patch(`${clusters}/1`).send({ name: 'a' }), 'not-found');
  });

  it('are made of what is there by a job, and shown', async () => {
    expect(await begin()).toMatchObject({
      kind: 'consolidate-clusters',
      result: { placed: 12, clusters: 12 },
    });
    expect((await get(`${collection}/clustering`).expect(200)).body).toMatchObject({
      facilityCost: 1e-6,
      currentCost: 1e-6,
      seed: 0,
      consolidateAfter: 1000,
      clusters: 12,
      items: 12,
      unplaced: 0,
    });
    const { body } = await get(`${clusters}?limit=200`).expect(200);
    expect([body.clusters.length, body.next]).toEqual([12, null]);
    const [{ id, medoid }] = body.clusters;
    const one = (await get(`${clusters}/${id}`).expect(200)).body;
    expect(one.cluster).toEqual(body.clusters[0]);
    expect(one.members).toMatchObject([{ item: { id: medoid }, distance: 0, held: false }]);
    expect((await get(`${collection}/items/${medoid}/cluster`).expect(200)).body).toEqual(one.cluster);
    const { events, next } = (await get(`${clusters}/${id}/history`).expect(200)).body;
    expect([events.map(({ kind }: { kind: string }) => kind), next]).toEqual([['opened'], null]);
  });

  it('come in pages, the largest first or by id, each once', async () => {
    await begin();
    const [a, b, , d] = await list('?order=id');
    await request(filled.app)
      .post(`${clusters}/${d.id}/merge`)
      .send({ with: [b.id] })
      .expect(200);
    const ids: number[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const { body }: Response = await get(`${clusters}?limit=4&after=${after}`).expect(200);
      ids.push(...body.clusters.map(({ id }: { id: number }) => id));
      after = body.next;
    }
    expect([ids.length, new Set(ids).size, ids[0]]).toEqual([11, 11, d.id]);
    const { body } = await get(`${clusters}?order=id&limit=2&after=${a.id}`).expect(200);
    expect(body.clusters.map(({ id }: { id: number }) => id)).toEqual([a.id + 2, a.id + 3]);
    const { body: page } = await get(`${clusters}/${d.id}?limit=1`).expect(200);
    const { body: rest } = await get(`${clusters}/${d.id}?limit=1&after=${page.next}`).expect(200);
    expect([page.next, rest.next]).toEqual([1, null]);
    expect(page.members[0].item.id).not.toBe(rest.members[0].item.id);
  });

  it('are joined by what is uploaded, which says which', async () => {
    await begin({ facilityCost: 1000, consolidateAfter: 1000 });
    const [{ id }] = await list();
    const upload = request(filled.app)
      .post(`${collection}/items?key=new`)
      .set('Content-Type', 'image/png')
      .send(await createPicture('new'));
    expect((await upload.expect(200)).body.outcomes).toMatchObject([{ status: 'added', clusterId: id }]);
    expect(await list()).toMatchObject([{ id, size: 13 }]);
  });

  it('are changed by hand', async () => {
    await begin();
    const [a, b] = await list('?order=id');
    const patch = (body: object): Test => request(filled.app).patch(`${clusters}/${a.id}`).send(body);
    expect((await patch({ name: 'chairs', medoid: a.medoid }).expect(200)).body).toMatchObject({
      id: a.id,
      name: 'chairs',
      pinned: true,
    });
    const merge = request(filled.app).post(`${clusters}/${a.id}/merge`);
    expect((await merge.send({ with: [b.id] }).expect(200)).body).toMatchObject({ size: 2 });
    const split = await request(filled.app).post(`${clusters}/${a.id}/split`).send({}).expect(201);
    expect(split.headers.location).toBe(`${clusters}/${split.body.id}`);
    expect(split.body).toMatchObject({ size: 1, medoid: b.medoid });
    const move = request(filled.app).post(`${clusters}/${a.id}/items`);
    expect((await move.send({ itemIds: [b.medoid] }).expect(200)).body).toMatchObject({ size: 2 });
    expect((await get(`${clusters}/${split.body.id}`).expect(200)).body).toMatchObject({
      cluster: { state: 'emptied', medoid: null, meanDistance: null },
      members: [],
    });
    expect((await get(`${clusters}/${b.id}`).expect(200)).body.cluster).toMatchObject({
      state: 'merged',
      mergedInto: a.id,
    });
  });

  it('are not changed once they are merged, nor into themselves, nor with what is not theirs', async () => {
    await begin();
    const [a, b, c] = await list('?order=id');
    const post = (id: number, what: string, body: object): Test =>
      request(filled.app).post(`${clusters}/${id}/${what}`).send(body);
    await post(a.id, 'merge', { with: [b.id] }).expect(200);
    const merged = await request(filled.app).patch(`${clusters}/${b.id}`).send({ name: 'late' });
    expectProblem(merged, 'conflict');
    expect(merged.body.detail).toContain(`cluster ${a.id}`);
    expectProblem(await post(c.id, 'merge', { with: [b.id] }), 'conflict');
    expectProblem(await post(c.id, 'split', {}), 'conflict');
    expectProblem(await post(999, 'split', {}), 'not-found');
    expectProblem(await post(c.id, 'items', { itemIds: [999] }), 'not-found');
    const refused: [Test, string][] = [
      [post(a.id, 'merge', { with: [a.id] }), 'with'],
      [post(a.id, 'merge', { with: [] }), 'with'],
      [post(a.id, 'split', { itemIds: [c.medoid] }), 'itemIds'],
      [post(a.id, 'split', { itemIds: [a.medoid, b.medoid] }), 'itemIds'],
      [request(filled.app).patch(`${clusters}/${a.id}`).send({ medoid: c.medoid }), 'medoid'],
      [request(filled.app).patch(`${clusters}/${a.id}`).send({ name: '' }), 'name'],
    ];
    for (const [test, field] of refused) {
      const response = await test;
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toMatch(field);
    }
    expectProblem(await request(filled.app).patch(`${clusters}/${a.id}`).send({}), 'invalid-request');
    // Of all that was refused nothing was done.
    expect((await list()).map(({ id, size }) => [id, size])[0]).toEqual([a.id, 2]);
  });

  it.each([
    [{ facilityCost: 0 }, 'facilityCost'],
    [{ facilityCost: 'much' }, 'facilityCost'],
    [{ consolidateAfter: 0 }, 'consolidateAfter'],
    [{ seed: -1 }, 'seed'],
    [{ cost: 1 }, 'cost'],
  ])('are not begun with %j', async (settings, field) => {
    const response = await request(filled.app).put(`${collection}/clustering`).send(settings);
    expectProblem(response, 'invalid-request');
    expect(response.body.field).toBe(field);
    expectProblem(await get(`${collection}/clustering`), 'not-found');
  });

  it('are not consolidated where there are none', async () => {
    const { body } = await request(filled.app)
      .post(`${collection}/jobs`)
      .send({ kind: 'consolidate-clusters' })
      .expect(202);
    const { job } = await followJob(filled.gallery.jobs, body.id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
  });

  it('are forgotten', async () => {
    await begin();
    await request(filled.app).delete(`${collection}/clustering`).expect(204);
    expectProblem(await get(`${collection}/clustering`), 'not-found');
    expect((await get(`${collection}/items/1`).expect(200)).body.id).toBe(1);
  });

  it('are only read where the gallery is', async () => {
    await begin();
    await filled.remove();
    filled = await openFilledApp({ access: 'read' });
    expectProblem(await request(filled.app).put(`${collection}/clustering`).send({}), 'read-only');
    expectProblem(await request(filled.app).patch(`${clusters}/1`).send({ name: 'a' }), 'read-only');
  });
});
