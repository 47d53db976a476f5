import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { followJob } from '../fixtures/jobs.js';

const evaluations = '/v1/collections/default/evaluations';

describe('evaluations', () => {
  let filled: FilledApp;

  beforeEach(async () => {
    filled = await openFilledApp();
  });
  afterEach(() => filled.remove());

  /** @returns the job's result */
  const evaluate = async (input: object = {}) => {
    const { body, headers } = await request(filled.app).post(evaluations).send(input).expect(202);
    expect(headers.location).toBe(`/v1/jobs/${body.id}`);
    const { job } = await followJob(filled.gallery.jobs, body.id);
    expect(job).toMatchObject({ kind: 'evaluate', state: 'done', error: null });
    return job.result as Record<string, unknown> & { evaluationId: number };
  };
  const get = async (id: number, query: object = {}) =>
    (await request(filled.app).get(`${evaluations}/${id}`).query(query).expect(200)).body;
  const list = async (query: object = {}) =>
    (await request(filled.app).get(evaluations).query(query).expect(200)).body;
  const idsOf = ({ evaluations }: { evaluations: { id: number }[] }) => evaluations.map(({ id }) => id);

  it('are stored as the job has found them, with what they were asked and of which model', async () => {
    const { evaluationId, modelId, ...result } = await evaluate({ ks: [4, 1, 4], seed: 7, worst: 2 });
    const stored = await get(evaluationId);
    expect(stored).toMatchObject({ id: evaluationId, modelId, ...result });
    expect(stored).toMatchObject({
      input: { ks: [1, 4], seed: 7, clusters: null, filter: null },
      ...{ items: 12, classes: 3, queries: 12, singletons: 0, change: null },
      index: { name: 'hnsw', nearestFoundAt: { 1: 1, 4: 1 } },
    });
    expect(stored.worst).toHaveLength(2);
    expect(stored.itemsSha256).toMatch(/^[0-9a-f]{64}$/);
    // Few items: the graph misses nothing.
    const { name: _, nearestFoundAt: __, ...throughIndex } = stored.index;
    expect(stored).toMatchObject(throughIndex);
  });

  it('are of the items that a filter holds for, and of those with a label only', async () => {
    const filter = { field: 'metadata.number', range: { lt: 9 } };
    await request(filled.app).patch('/v1/collections/default/items/1').send({ label: null }).expect(200);
    const { items, queries, singletons, worst } = await evaluate({ filter });
    expect({ items, queries, singletons, worst }).toMatchObject({ items: 8, queries: 8, singletons: 0 });
    const whole = await evaluate();
    expect(whole).toMatchObject({ items: 11, classes: 3 });
    expect((whole.index as { nearestFoundAt: object }).nearestFoundAt).toEqual({ 1: 1, 2: 1, 4: 1, 8: 1 });
    expect(await evaluate({ clusters: 1 })).toMatchObject({ classes: 3, ami: 0, ari: 0 });
  });

  it('are compared with the one before that was asked for alike, and with any other', async () => {
    const first = await evaluate({ ks: [1, 2] });
    const other = await evaluate({ ks: [2, 4], worst: 1 });
    const again = await evaluate({ ks: [2, 1], worst: 3 });
    expect((await get(first.evaluationId)).change).toBe(null);
    expect((await get(other.evaluationId)).change).toBe(null);
    const zero = {
      recallAt: { 1: 0, 2: 0 },
      mapAtR: 0,
      ami: 0,
      nmi: { geometric: 0 },
      index: { rPrecision: 0 },
    };
    expect((await get(again.evaluationId)).change).toMatchObject({
      since: { id: first.evaluationId, items: 12 },
      ...{ sameModel: true, sameItems: true, sameInput: true, ...zero },
    });
    // Another label for one of them: it is not the same to be measured on.
    await request(filled.app).patch('/v1/collections/default/items/5').send({ label: 'label-0' }).expect(200);
    const later = await evaluate({ ks: [1, 2] });
    const { change, ...now } = await get(later.evaluationId);
    expect(change).toMatchObject({ since: { id: again.evaluationId }, sameItems: false, sameInput: true });
    const before = await get(again.evaluationId);
    expect(change.mapAtR).toBe(now.mapAtR - before.mapAtR);
    expect(change.mapAtR).not.toBe(0);
    expect(change.index.recallAt[2]).toBe(now.index.recallAt[2] - before.index.recallAt[2]);
    const since = await get(later.evaluationId, { comparedWith: other.evaluationId });
    expect(since.change).toMatchObject({ since: { id: other.evaluationId }, sameInput: false });
    // The K that both have.
    expect(Object.keys(since.change.recallAt)).toEqual(['2']);
  });

  it('are listed from the newest on, in pages and by model, until they are deleted', async () => {
    const made: number[] = [];
    for (const seed of [1, 2, 3]) made.unshift((await evaluate({ seed })).evaluationId);
    const whole = await list();
    expect([idsOf(whole), whole.next]).toEqual([made, null]);
    expect(whole.evaluations[0]).not.toHaveProperty('worst');
    const { modelId } = whole.evaluations[0];
    const first = await list({ limit: 2, modelId });
    expect([idsOf(first), first.next]).toEqual([made.slice(0, 2), made[1]]);
    expect(idsOf(await list({ before: first.next }))).toEqual([made[2]]);
    expect(idsOf(await list({ modelId: 'another@1' }))).toEqual([]);
    await request(filled.app).delete(`${evaluations}/${made[1]}`).expect(204);
    expectProblem(await request(filled.app).delete(`${evaluations}/${made[1]}`), 'not-found');
    expectProblem(await request(filled.app).get(`${evaluations}/${made[1]}`), 'not-found');
    expect(idsOf(await list())).toEqual([made[0], made[2]]);
  });

  it('are refused for what cannot be measured', async () => {
    const bad: [object, string][] = [
      [{ ks: [] }, 'ks'],
      [{ ks: [0] }, 'ks.0'],
      [{ ks: [1001] }, 'ks.0'],
      [{ clusters: 0 }, 'clusters'],
      [{ worst: -1 }, 'worst'],
      [{ filter: { field: 'colour', equals: 1 } }, 'filter'],
      [{ magic: 1 }, 'magic'],
    ];
    for (const [input, field] of bad) {
      const response = await request(filled.app).post(evaluations).send(input);
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toMatch(new RegExp(`^${field}`));
    }
    const nobody = '/v1/collections/nobody/evaluations';
    expectProblem(await request(filled.app).post(nobody).send({}), 'not-found');
    expectProblem(await request(filled.app).get(nobody), 'not-found');
    expectProblem(await request(filled.app).get(`${nobody}/1`), 'not-found');
    expectProblem(await request(filled.app).delete(`${nobody}/1`), 'not-found');
    const { evaluationId } = await evaluate();
    const query = { comparedWith: 99 };
    expectProblem(await request(filled.app).get(`${evaluations}/${evaluationId}`).query(query), 'not-found');
    expectProblem(await request(filled.app).get(evaluations).query({ before: 0 }), 'invalid-request');
    // Of another collection.
    await request(filled.app)
      .post('/v1/collections')
      .send({ name: 'bare', modelId: (await get(evaluationId)).modelId })
      .expect(201);
    expectProblem(
      await request(filled.app).get(`/v1/collections/bare/evaluations/${evaluationId}`),
      'not-found',
    );
    const { body } = await request(filled.app).post('/v1/collections/bare/evaluations').send({}).expect(202);
    const { job } = await followJob(filled.gallery.jobs, body.id);
    const message = expect.stringContaining('got 0 images of 0 classes');
    expect(job).toMatchObject({ state: 'failed', error: { code: 'conflict', message } });
    const shown = await request(filled.app).get(`/v1/jobs/${body.id}`).expect(200);
    expect(shown.body.error).toEqual({ code: 'conflict', message });
    expect((await request(filled.app).get('/v1/collections/bare/evaluations')).body.evaluations).toEqual([]);
  });

  it('are shown, and neither made nor deleted, by a server that changes nothing', async () => {
    const reading = await openFilledApp({ access: 'read' });
    expectProblem(await request(reading.app).post(evaluations).send({}), 'read-only');
    expectProblem(await request(reading.app).delete(`${evaluations}/1`), 'read-only');
    expect((await request(reading.app).get(evaluations).expect(200)).body).toEqual({
      ...{ evaluations: [], next: null },
    });
    await reading.remove();
  });
});
