import { Validator } from '@seriousme/openapi-schema-validator';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenApi } from '../../src/api/openapi.js';
import { listOperations } from '../../src/api/operations/index.js';
import { createLog } from '../../src/log.js';
import { type AppOptions, createApp } from '../../src/server/app.js';
import { createMetrics } from '../../src/server/metrics.js';
import { createReadiness } from '../../src/server/readiness.js';
import { checkAnswers } from '../fixtures/check-answers.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const collection = '/v1/collections/default';

describe('for whoever operates it, the server', () => {
  let filled: FilledApp;
  let logged: string[];
  let mismatches: string[];

  beforeEach(async () => {
    filled = await openFilledApp({ count: 3 });
    [logged, mismatches] = [[], []];
  });
  afterEach(async () => {
    await filled.remove();
    expect(mismatches).toEqual([]);
  });

  const create = (options: Partial<AppOptions> = {}) => {
    const log = createLog('info', { write: line => void logged.push(line) });
    const checked = checkAnswers(
      createApp({ gallery: filled.gallery, log, webDirectory: filled.folder, ...options }),
    );
    ({ mismatches } = checked);
    return checked.listener;
  };

  describe('says whether it is ready', () => {
    it('from the opening of its collections until it takes leave', async () => {
      const stopping = new AbortController();
      const readiness = createReadiness(filled.gallery, stopping.signal);
      const app = create({ readiness, stopping: stopping.signal });
      const ask = async () => {
        const { status, body } = await request(app).get('/readyz');
        return [status, body];
      };
      const state = (status: string, of: object) => ({ status, collections: [{ name: 'default', ...of }] });
      readiness.note('default', 'opening');
      expect(await ask()).toEqual([503, state('starting', { status: 'opening' })]);
      readiness.note('default', 'ready');
      expect(await ask()).toEqual([200, state('ready', { status: 'ready' })]);
      readiness.note('default', 'broken', 'invalid-model');
      expect(await ask()).toEqual([200, state('ready', { status: 'broken', detail: 'invalid-model' })]);
      stopping.abort();
      expect((await ask())[0]).toBe(503);
      expect((await request(app).get('/readyz')).body.status).toBe('stopping');
      // Alive nevertheless, and answering whoever asks still.
      expect((await request(app).get('/healthz')).status).toBe(200);
      expect((await request(app).get(collection)).status).toBe(200);
    });

    it('and no more than that to whoever has no key, where keys are asked for', async () => {
      const app = create({ keys: { verify: () => undefined } });
      expect((await request(app).get('/readyz').expect(200)).body).toEqual({ status: 'ready' });
    });

    it('also of collections that came and went since', async () => {
      const app = create();
      const namesOf = async () =>
        (await request(app).get('/readyz').expect(200)).body.collections.map(
          ({ name }: { name: string }) => name,
        );
      const { modelId } = (await request(app).get(collection)).body;
      await request(app).post('/v1/collections').send({ name: 'new', modelId }).expect(201);
      expect(await namesOf()).toEqual(['default', 'new']);
      await request(app).delete('/v1/collections/new').expect(204);
      expect(await namesOf()).toEqual(['default']);
    });
  });

  describe('measures', () => {
    let app: ReturnType<typeof create>;
    let metrics: ReturnType<typeof createMetrics>;
    beforeEach(() => {
      metrics = createMetrics({ gallery: filled.gallery, waiting: () => 7, ofProcess: true });
      app = create({ metrics });
    });
    /** `name{label="value"} number`; numbers as any reader of the format takes them. */
    const line = /^[a-z_][a-z0-9_]*(\{([a-z_]+="[^"\\\n]*",?)*\})? (-?\d+(\.\d+)?(e[+-]?\d+)?|[+-]Inf|NaN)$/i;

    const read = async () => {
      const { text, headers } = await request(app).get('/metrics').expect(200);
      expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
      const lines = text.split('\n').filter(one => one !== '' && !one.startsWith('#'));
      for (const one of lines) expect(one).toMatch(line);
      const of = (sample: string): number => {
        const found = lines.find(one => one.startsWith(`${sample} `));
        return Number(found?.split(' ').at(-1) ?? Number.NaN);
      };
      return { text, lines, of };
    };
    const requests = (operation: string, status: number): string =>
      `medoid_request_duration_seconds_count{operation="${operation}",status="${status}"}`;

    it('requests by operation and status, and every stage of a search', async () => {
      await request(app).get(collection).expect(200);
      await request(app).get('/v1/collections/nobody').expect(404);
      await request(app).post(`${collection}/search`).attach('image', filled.pictures[0], 'a').expect(200);
      await request(app)
        .post(`${collection}/search`)
        .send({ query: { itemId: 99 } })
        .expect(404);
      const { of } = await read();
      expect(of(requests('getCollection', 200))).toBe(1);
      expect(of(requests('getCollection', 404))).toBe(1);
      expect(of(requests('search', 200))).toBe(1);
      expect(of(requests('search', 404))).toBe(1);
      for (const stage of ['fetch', 'decode', 'embed', 'search']) {
        expect(of(`medoid_stage_duration_seconds_count{stage="${stage}"}`)).toBe(1);
      }
      expect(of('medoid_stage_duration_seconds_sum{stage="embed"}')).toBeGreaterThan(0);
    });

    it('what waits, what there is, what the model did and what the graph finds', async () => {
      metrics.observeBatch(4, 1500);
      metrics.observeRecall('default', 0.98);
      const { of } = await read();
      expect(of('medoid_queue_pictures')).toBe(7);
      expect(of('medoid_collection_items{collection="default"}')).toBe(3);
      expect(of('medoid_jobs{state="queued"}')).toBe(0);
      expect(of('medoid_jobs{state="running"}')).toBe(0);
      expect(of('medoid_embed_seconds_total')).toBe(1.5);
      expect(of('medoid_embed_batch_pictures_sum')).toBe(4);
      expect(of('medoid_index_recall{collection="default"}')).toBe(0.98);
      expect(of('process_resident_memory_bytes')).toBeGreaterThan(0);
      await request(app).delete(`${collection}/items/1`).expect(204);
      expect((await read()).of('medoid_collection_items{collection="default"}')).toBe(2);
    });

    it('nothing that a client can make up', async () => {
      await request(app).get(collection);
      const namesBefore = (await read()).lines.map(one => one.split(' ')[0]);
      for (const made of ['up', 'x"} 1', 'a\nb', '%22']) {
        await request(app).get(`/v1/collections/${encodeURIComponent(made)}`);
        await request(app).get(`/${encodeURIComponent(made)}`);
        await request(app)
          .get(`${collection}/items/${encodeURIComponent(made)}`)
          .set('User-Agent', 'up');
      }
      const after = await read();
      const operations = new Set(listOperations().map(({ id }) => id));
      const added = after.lines.map(one => one.split(' ')[0]).filter(name => !namesBefore.includes(name));
      for (const name of added) {
        expect(name).toMatch(/^medoid_request_duration_seconds_(bucket|sum|count)\{/);
        expect(operations).toContain(/operation="(\w+)"/.exec(name)?.[1]);
      }
      expect(after.text).not.toMatch(/x"\}|up"/);
    });

    it('nothing at all where it was not told to', async () => {
      expectProblem(await request(create()).get('/metrics'), 'not-found');
    });
  });

  it('describes itself as it is', async () => {
    const { body } = await request(create({ version: '1.2.3' }))
      .get('/openapi.json')
      .expect(200);
    expect(body).toEqual(createOpenApi({ version: '1.2.3' }));
    expect((await new Validator().validate(body)).valid).toBe(true);
  });

  it('has every operation that it describes', async () => {
    const app = create({ metrics: createMetrics({ gallery: filled.gallery, waiting: () => 0 }) });
    for (const { method, path, id } of listOperations()) {
      const response = await request(app)[method](path.replace('{name}', 'nobody').replace('{id}', '1'));
      expect([id, response.body.code ?? 'fine']).not.toEqual([id, 'method-not-allowed']);
      expect(response.body.detail ?? '').not.toMatch(/^there is no \//);
    }
  });

  it('logs one line a request, with its id and without what may be secret', async () => {
    const app = create();
    await request(app).get('/healthz').set({ 'X-Request-Id': 'trace-1', Cookie: 'session=secret' });
    await request(app)
      .get('/v1/collections/nobody')
      .set({ 'X-Request-Id': 'trace-2', Authorization: 'secret' });
    const lines = logged.map(one => JSON.parse(one));
    expect(lines.map(({ level, req, res }) => [level, req.id, req.method, req.url, res.statusCode])).toEqual([
      [30, 'trace-1', 'GET', '/healthz', 200],
      [30, 'trace-2', 'GET', '/v1/collections/nobody', 404],
    ]);
    for (const one of lines) {
      expect(one.responseTime).toBeGreaterThanOrEqual(0);
      // Where nobody is asked for a key there is none to name.
      expect(one).not.toHaveProperty('keyId');
    }
    expect(logged.join('')).not.toMatch(/secret/);
  });
});
