import type { Express } from 'express';
import request, { type Response } from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createLog } from '../../src/log.js';
import { type AppOptions, createApp } from '../../src/server/app.js';
import { startServer } from '../../src/server/start-server.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const path = '/v1/collections';

describe('the limit of requests a minute', () => {
  let filled: FilledApp;
  let store: KeyStore;

  beforeAll(async () => {
    filled = await openFilledApp({ count: 1 });
    store = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
  });
  afterAll(async () => {
    store.close();
    await filled.remove();
  });
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  const create = (options: Partial<AppOptions>): Express =>
    createApp({ gallery: filled.gallery, log: createLog('silent'), webDirectory: filled.folder, ...options });
  const ask = (app: Express, headers: Record<string, string> = {}): Promise<Response> =>
    request(app).get(path).set(headers).then();
  const keyWith = (rateLimit: number | null, scope: 'read' | 'write' = 'read') => ({
    'X-API-Key': store.create({ name: 'limited', scopes: [scope], rateLimit }).key,
  });
  const statuses = async (
    app: Express,
    count: number,
    headers: Record<string, string> = {},
  ): Promise<number[]> => {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push((await ask(app, headers)).status);
    return answers;
  };

  it('holds for each address where no keys are asked for, and starts anew', async () => {
    const app = create({ rateLimit: 2, trustProxy: 1 });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    expect(await statuses(app, 3, from('192.0.2.1'))).toEqual([200, 200, 429]);
    expect(await statuses(app, 3, from('192.0.2.2'))).toEqual([200, 200, 429]);
    vi.setSystemTime(Date.now() + 61_000);
    expect(await statuses(app, 3, from('192.0.2.1'))).toEqual([200, 200, 429]);
  });

  it('is not got round by a header when there is no proxy in front', async () => {
    const complaints = vi.spyOn(console, 'error');
    const app = create({ rateLimit: 2 });
    expect((await ask(app, { 'X-Forwarded-For': '192.0.2.1' })).status).toBe(200);
    expect((await ask(app, { 'X-Forwarded-For': '192.0.2.2' })).status).toBe(200);
    expect((await ask(app, { 'X-Forwarded-For': '192.0.2.3', Forwarded: 'for=192.0.2.4' })).status).toBe(429);
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });

  it('says what is left, and when to come again', async () => {
    const app = create({ rateLimit: 2 });
    const [first, second, refused] = [await ask(app), await ask(app), await ask(app)];
    for (const [left, response] of [first, second, refused].entries()) {
      expect(response.headers.ratelimit).toMatch(new RegExp(`; r=${Math.max(1 - left, 0)}; t=\\d+$`));
      expect(response.headers['ratelimit-policy']).toMatch(/; q=2; w=60; /);
    }
    expectProblem(refused, 'rate-limited');
    expect(refused.body.detail).toBe('expected at most 2 requests a minute: try again later');
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    vi.setSystemTime(Date.now() + seconds * 1000 + 1);
    expect((await ask(app)).status).toBe(200);
  });

  it('holds for each key, from whatever address', async () => {
    const app = create({ rateLimit: 2, keys: store, trustProxy: 1 });
    const [a, b] = [keyWith(null), keyWith(null)];
    for (const i of [1, 2])
      expect((await ask(app, { ...a, 'X-Forwarded-For': `192.0.2.${i}` })).status).toBe(200);
    expectProblem(await ask(app, { ...a, 'X-Forwarded-For': '192.0.2.3' }), 'rate-limited');
    expect(await statuses(app, 3, b)).toEqual([200, 200, 429]);
  });

  it('is the own one of a key that has one', async () => {
    const app = create({ rateLimit: 2, keys: store });
    expect(await statuses(app, 5, keyWith(4))).toEqual([200, 200, 200, 200, 429]);
    expect(await statuses(app, 2, keyWith(1))).toEqual([200, 429]);
    const free = keyWith(0);
    expect(new Set(await statuses(app, 20, free))).toEqual(new Set([200]));
    expect((await ask(app, free)).headers).not.toHaveProperty('ratelimit');
  });

  it('is none where it is 0, but for keys that have one of their own', async () => {
    const open = create({ rateLimit: 0 });
    expect(new Set(await statuses(open, 20))).toEqual(new Set([200]));
    const keyed = create({ rateLimit: 0, keys: store });
    expect(new Set(await statuses(keyed, 20, keyWith(null)))).toEqual(new Set([200]));
    expect(await statuses(keyed, 2, keyWith(1))).toEqual([200, 429]);
  });

  it('counts every request there is, refused ones too, and none of public operations', async () => {
    const app = create({ rateLimit: 4, keys: store });
    const key = keyWith(null);
    for (let i = 0; i < 10; i++) expect((await request(app).get('/healthz').set(key)).status).toBe(200);
    expect((await request(app).head(path).set(key)).status).toBe(200);
    expect((await request(app).get(`${path}/nobody`).set(key)).status).toBe(404);
    expect((await request(app).delete(`${path}/default`).set(key)).status).toBe(403);
    expect((await request(app).post(`${path}/default/search`).set(key)).status).toBe(400);
    expectProblem(await ask(app, key), 'rate-limited');
    expectProblem(await request(app).head(path).set(key), 'rate-limited');
    expectProblem(await request(app).delete(`${path}/default`).set(key), 'rate-limited');
  });

  it('reads nothing more of a body that is refused', async () => {
    const server = await startServer(create({ rateLimit: 1 }), { host: '127.0.0.1', port: 0 });
    try {
      await fetch(server.url + path);
      const response = await fetch(`${server.url}${path}/default/search`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
        body: Buffer.alloc(1_000_000),
      });
      expect([response.status, response.headers.get('connection')]).toEqual([429, 'close']);
    } finally {
      await server.close({ deadlineMs: 0 });
    }
  });
});
