import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';

const path = '/v1/collections/default/duplicates';

interface Group {
  representative: { id: number };
  items: { item: { id: number } }[];
}

describe('duplicates over HTTP', () => {
  let filled: FilledApp;

  beforeEach(async () => {
    filled = await openFilledApp({ count: 3 });
  });
  afterEach(() => filled.remove());

  /** Copies of the pictures of items 1, 2, …: their ids follow. */
  const addCopies = async (...seeds: number[]): Promise<void> => {
    const collection = await filled.gallery.collection('default');
    for (const [i, seed] of seeds.entries()) {
      await collection.add([{ key: `copy-${i}`, image: await createPicture(seed) }]);
    }
  };
  const search = async (body: object = {}): Promise<void> => {
    const accepted = await request(filled.app).post(path).send(body).expect(202);
    expect(accepted.headers.location).toBe(`/v1/jobs/${accepted.body.id}`);
    const { job } = await followJob(filled.gallery.jobs, accepted.body.id);
    expect(job).toMatchObject({ kind: 'dedupe', state: 'done' });
  };
  const list = async (query: object = {}) =>
    (await request(filled.app).get(path).query(query).expect(200)).body;
  const idsOf = ({ groups }: { groups: Group[] }) =>
    groups.map(({ representative, items }) => [representative.id, ...items.map(({ item }) => item.id)]);

  it('are none while nobody has searched for them', async () => {
    expect(await list()).toEqual({ search: null, groups: [], next: null });
  });

  it('are told with what was searched for, in pages', async () => {
    await addCopies(0, 1, 2, 0);
    await search({ tiers: ['identical'] });
    const all = await list();
    expect(idsOf(all)).toEqual([
      [1, 4, 7],
      [2, 5],
      [3, 6],
    ]);
    expect(all.search).toMatchObject({ tiers: ['identical'], modelId: expect.any(String) });
    expect(all.groups[0].items[0]).toMatchObject({ tier: 'identical', distance: 0, hashDistance: 0 });
    const first = await list({ limit: 2 });
    expect(idsOf(first)).toEqual(idsOf(all).slice(0, 2));
    const second = await list({ limit: 2, after: first.next });
    expect([idsOf(second), second.next]).toEqual([[[3, 6]], null]);
  });

  it('are told of the tiers asked for', async () => {
    await addCopies(0);
    await search({ maxDistance: 2 });
    expect(idsOf(await list({ tiers: 'identical' }))).toEqual([[1, 4]]);
    expect((await list({ tiers: 'same-picture' })).groups).toEqual([]);
    const refused = await request(filled.app).get(path).query({ tiers: 'near,alike' });
    expectProblem(refused, 'invalid-request');
    expect(refused.body).toMatchObject({
      field: 'tiers',
      detail: expect.stringMatching(/got "near,alike"$/),
    });
    expectProblem(await request(filled.app).get(path).query({ tiers: '' }), 'invalid-request');
  });

  it('are those of the newest search', async () => {
    await addCopies(0, 1);
    await search();
    await (await filled.gallery.collection('default')).removeItems([4]);
    await search({ tiers: ['identical'], maxDistance: 0.25 });
    const { search: newest, ...page } = await list();
    expect([newest.tiers, newest.maxDistance]).toEqual([['identical'], 0.25]);
    expect(idsOf(page)).toEqual([[2, 5]]);
  });

  it('are decided of, and asked of again when that is forgotten', async () => {
    await addCopies(0, 1);
    await search();
    const answer = await request(filled.app)
      .post(`${path}/decisions`)
      .send({ verdict: 'keep', itemIds: [4, 1] })
      .expect(201);
    expect(answer.headers.location).toBe(`${path}/decisions/${answer.body.id}`);
    expect(answer.body).toMatchObject({ verdict: 'keep', itemIds: [1, 4], replacedItemIds: [] });
    expect(idsOf(await list())).toEqual([[2, 5]]);
    const decide = { verdict: 'not-duplicates', itemIds: [2, 5] };
    await request(filled.app).post(`${path}/decisions`).send(decide).expect(201);
    const page = await request(filled.app).get(`${path}/decisions`).query({ limit: 1 }).expect(200);
    expect(page.body).toEqual({ decisions: [answer.body], next: answer.body.id });
    const rest = await request(filled.app)
      .get(`${path}/decisions`)
      .query({ after: page.body.next })
      .expect(200);
    expect(rest.body).toMatchObject({ decisions: [decide], next: null });
    await request(filled.app).delete(answer.headers.location).expect(204);
    expect(idsOf(await list())).toEqual([[1, 4]]);
    expectProblem(await request(filled.app).delete(answer.headers.location), 'not-found');
  });

  const bad: [string, object, 'invalid-request' | 'not-found'][] = [
    ['one item', { verdict: 'keep', itemIds: [1] }, 'invalid-request'],
    ['one item twice', { verdict: 'keep', itemIds: [1, 1] }, 'invalid-request'],
    ['an unknown item', { verdict: 'keep', itemIds: [1, 99] }, 'not-found'],
    ['an unknown verdict', { verdict: 'delete', itemIds: [1, 2] }, 'invalid-request'],
    ['no verdict', { itemIds: [1, 2] }, 'invalid-request'],
    ['something else beside', { verdict: 'keep', itemIds: [1, 2], force: true }, 'invalid-request'],
  ];
  it.each(bad)('are not decided of with %s', async (_, body, code) => {
    expectProblem(await request(filled.app).post(`${path}/decisions`).send(body), code);
    expect((await request(filled.app).get(`${path}/decisions`)).body.decisions).toEqual([]);
  });

  it('are asked of a collection there is none of', async () => {
    const other = path.replace('default', 'nobody');
    expectProblem(await request(filled.app).get(other), 'not-found');
    expectProblem(await request(filled.app).post(other).send({}), 'not-found');
    expectProblem(await request(filled.app).get(`${other}/decisions`), 'not-found');
    expectProblem(await request(filled.app).post(path).send({ maxDistance: 3 }), 'invalid-request');
  });

  it('cannot be decided of where nothing may be written', async () => {
    const reading = await openFilledApp({ count: 2, access: 'read' });
    const decide = { verdict: 'keep', itemIds: [1, 2] };
    expectProblem(await request(reading.app).post(`${path}/decisions`).send(decide), 'read-only');
    expectProblem(await request(reading.app).post(path).send({}), 'read-only');
    expect((await request(reading.app).get(path).expect(200)).body.search).toBeNull();
    await reading.remove();
  });
});
