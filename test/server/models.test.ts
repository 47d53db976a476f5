import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request, { type Test } from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const collection = '/v1/collections/default';

describe('models', () => {
  let folder: string;
  let filled: FilledApp;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-models-'));
    await createTinyModel(join(folder, 'wide'), { name: 'wide', dimension: 24, seed: 1 });
    filled = await openFilledApp({ count: 40, open: { modelsDirectory: folder } });
  });
  afterEach(async () => {
    await filled.remove();
    await rm(folder, { recursive: true });
  });

  interface Model {
    readonly id: string;
    readonly name: string;
    readonly collections: string[];
  }
  const listModels = async (): Promise<Model[]> =>
    (await request(filled.app).get('/v1/models').expect(200)).body.models;
  const idOf = async (name: string): Promise<string> =>
    (await listModels()).find(model => model.name === name)?.id as string;
  const activate = (modelId: unknown): Test =>
    request(filled.app).put(`${collection}/model`).send({ modelId });
  const rollBack = (): Test => request(filled.app).post(`${collection}/model/rollback`);
  const summary = async () => (await request(filled.app).get(collection).expect(200)).body;
  const finish = async (started: Test) => {
    const response = await started.expect(202);
    expect(response.headers.location).toBe(`/v1/jobs/${response.body.id}`);
    return (await followJob(filled.gallery.jobs, response.body.id)).job;
  };

  it('are listed, with those of the folder, and the collections they answer for', async () => {
    const models = await listModels();
    expect(models.map(({ name, collections }) => [name, collections])).toEqual([
      ['tiny', ['default']],
      ['wide', []],
    ]);
    expect(models[1]).toMatchObject({ dimension: 24, imageSize: 32, createdAt: '2024-01-01T00:00:00Z' });
    expect(JSON.stringify(models)).not.toContain(folder);
  });

  it('make collections, each with one', async () => {
    const made = await request(filled.app)
      .post('/v1/collections')
      .send({ name: 'new', modelId: await idOf('wide') })
      .expect(201);
    expect(made.headers.location).toBe('/v1/collections/new');
    expect(made.body).toMatchObject({ name: 'new', dimension: 24, items: 0, previousModelId: null });
    const create = (body: object): Test => request(filled.app).post('/v1/collections').send(body);
    const modelId = await idOf('wide');
    expectProblem(await create({ name: 'new', modelId }), 'out-exists');
    expectProblem(await create({ name: 'other', modelId: 'nobody' }), 'not-found');
    for (const name of ['', '.hidden', 'a/b', '../up', 'x'.repeat(65), 'a b', 'ü']) {
      const response = await create({ name, modelId });
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toBe('name');
    }
  });

  it('change, and the one before comes back without anything being embedded again', async () => {
    const [tiny, wide] = [await idOf('tiny'), await idOf('wide')];
    const activated = await finish(activate(wide));
    expect(activated).toMatchObject({
      kind: 'activate-model',
      state: 'done',
      result: { modelId: wide, previousModelId: tiny, embedded: 40 },
    });
    const { recall } = activated.result as { recall: { before: object; after: object } };
    for (const one of [recall.before, recall.after]) expect(Object.keys(one).length).toBeGreaterThan(0);
    expect(await summary()).toMatchObject({ modelId: wide, previousModelId: tiny, dimension: 24, items: 40 });
    const search = request(filled.app)
      .post(`${collection}/search?k=1`)
      .attach('image', filled.pictures[7], 'a');
    expect((await search.expect(200)).body).toMatchObject({ modelId: wide, results: [{ item: { id: 8 } }] });
    const rolledBack = await finish(rollBack());
    expect(rolledBack.result).toMatchObject({ modelId: tiny, embedded: 0 });
    expect(await summary()).toMatchObject({ modelId: tiny, previousModelId: wide, dimension: 16 });
  });

  it('are not kept from changing by a key that may not change them', async () => {
    const scopesOf = { write: ['read', 'write'], admin: ['read', 'write', 'admin'] };
    const app = createApp({
      gallery: filled.gallery,
      log: createLog('silent'),
      webDirectory: filled.folder,
      keys: {
        verify: key => ({ id: key, name: key, scopes: scopesOf[key as keyof typeof scopesOf], rateLimit: 0 }),
      },
    });
    const { body: job } = await activate(await idOf('wide'));
    const cancel = (key: string) => request(app).post(`/v1/jobs/${job.id}/cancel`).set('X-API-Key', key);
    expectProblem(await cancel('write'), 'forbidden');
    // It may have ended by now; then it is not the key that stands in the way.
    expect([202, 409]).toContain((await cancel('admin')).status);
  });

  it('leave no cursor of the one before', async () => {
    const question = { query: { itemId: 1 }, k: 2 };
    const { body } = await request(filled.app).post(`${collection}/search`).send(question).expect(200);
    await finish(activate(await idOf('wide')));
    const next = await request(filled.app).post(`${collection}/search`).send({ cursor: body.next });
    expectProblem(next, 'invalid-request');
    expect([next.body.field, next.body.detail]).toEqual(['cursor', expect.stringMatching(/search again/)]);
  });

  it('are refused when there is none of the id, or none before; of the one already nothing is done', async () => {
    expectProblem(await activate('nobody'), 'not-found');
    for (const modelId of ['', 5, null]) {
      const response = await activate(modelId);
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toBe('modelId');
    }
    expectProblem(await rollBack(), 'conflict');
    const path = '/v1/collections/nobody/model';
    expectProblem(await request(filled.app).put(path).send({ modelId: 'a' }), 'not-found');
    expectProblem(await request(filled.app).post(`${path}/rollback`), 'not-found');
    const same = await finish(activate(await idOf('tiny')));
    expect(same).toMatchObject({ state: 'done', error: null, result: { embedded: 0 } });
  });

  describe('that change while there is much to do', () => {
    let server: RunningServer;
    beforeEach(async () => {
      server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
    });
    afterEach(() => server.close({ deadlineMs: 1000 }));

    it('let no search fail, mix no models, and miss nothing that is added', async () => {
      const [tiny, wide] = [await idOf('tiny'), await idOf('wide')];
      let isOver = false;
      const models = new Set<string>();
      const failures: unknown[] = [];
      let searches = 0;
      const searchOn = async (start: number): Promise<void> => {
        for (let i = start; !isOver; i++) {
          const at = i % filled.pictures.length;
          const response = await fetch(`${server.url}${collection}/search?k=1`, {
            method: 'POST',
            headers: { 'Content-Type': 'image/png' },
            body: new Uint8Array(filled.pictures[at]),
          });
          const body = (await response.json()) as { modelId: string; results: { item: { id: number } }[] };
          searches++;
          models.add(body.modelId);
          if (response.status !== 200 || body.results[0]?.item.id !== at + 1) failures.push(body);
        }
      };
      let added = 0;
      const addOn = async (): Promise<void> => {
        while (!isOver) {
          const response = await fetch(`${server.url}${collection}/items?key=added-${added}`, {
            method: 'POST',
            headers: { 'Content-Type': 'image/png' },
            body: new Uint8Array(await createPicture(`added ${added}`)),
          });
          if (response.status === 200) added++;
          else failures.push(await response.json());
        }
      };
      const load = [searchOn(0), searchOn(13), searchOn(29), addOn()];
      for (const modelId of [wide, tiny, wide]) {
        const job = modelId === wide ? await finish(activate(wide)) : await finish(rollBack());
        expect(job).toMatchObject({ state: 'done', result: { modelId } });
      }
      isOver = true;
      await Promise.all(load);
      expect(failures).toEqual([]);
      expect([...models].sort()).toEqual([tiny, wide].sort());
      expect(searches).toBeGreaterThan(10);
      expect(await summary()).toMatchObject({ modelId: wide, items: 40 + added });
      for (let i = 0; i < added; i++) {
        const found = await request(filled.app)
          .post(`${collection}/search?k=1&exact=true`)
          .attach('image', await createPicture(`added ${i}`), 'a')
          .expect(200);
        expect(found.body.results[0].item.key).toBe(`added-${i}`);
      }
    });
  });
});
