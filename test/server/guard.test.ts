import request, { type Response } from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listOperations } from '../../src/api/operations/index.js';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const scopes = ['read', 'write', 'admin'] as const;
type Scope = (typeof scopes)[number];
const path = '/v1/collections';

describe('keys', () => {
  let filled: FilledApp;
  let store: KeyStore;
  let logged: string[];
  let app: ReturnType<typeof createApp>;
  const keyOf = {} as Record<Scope, string>;

  beforeAll(async () => {
    filled = await openFilledApp({ count: 1 });
    store = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    for (const scope of scopes) {
      keyOf[scope] = store.create({ name: `key to ${scope}`, scopes: [scope], rateLimit: null }).key;
    }
  });
  afterAll(async () => {
    store.close();
    await filled.remove();
  });
  /** What was counted before counts no more. */
  beforeEach(() => {
    logged = [];
    const log = createLog('debug', { write: line => void logged.push(line) });
    app = createApp({
      gallery: filled.gallery,
      log,
      webDirectory: filled.folder,
      keys: store,
      trustProxy: 1,
    });
  });

  const ask = (headers: Record<string, string> = {}, at = path): Promise<Response> =>
    request(app).get(at).set(headers).then();
  const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
  const idOf = (key: string): string => key.split('_')[1];

  describe('of each operation', () => {
    const operations = listOperations().map(operation => [operation.id, operation] as const);
    /** Of things that are not there, so that whoever may do it does no harm. */
    const send = ({ method, path }: (typeof operations)[number][1], key?: string): Promise<Response> => {
      const sent = request(app)[method](path.replace('{name}', 'nobody').replace('{id}', '999'));
      return (key === undefined ? sent : sent.set(bearer(key))).then();
    };

    it.each(operations)('%s lets in who has its scope, and nobody else', async (_, operation) => {
      const { access } = operation;
      for (const scope of scopes) {
        const response = await send(operation, keyOf[scope]);
        if (access === 'public' || scopes.indexOf(scope) >= scopes.indexOf(access)) {
          expect([401, 403]).not.toContain(response.status);
        } else {
          expectProblem(response, 'forbidden');
          expect(response.body.detail).toContain(`the scope ${access}, got one with read`);
        }
      }
      const response = await send(operation);
      if (access === 'public') expect(response.status).toBe(200);
      else expectProblem(response, 'unauthenticated');
    });
  });

  it('come as Bearer or as X-API-Key', async () => {
    const key = keyOf.read;
    for (const headers of [
      bearer(key),
      { Authorization: `bearer  ${key}` },
      { 'X-API-Key': key },
      { Authorization: 'Basic dXNlcjpwYXNz', 'X-API-Key': key },
    ]) {
      expect((await ask(headers)).status).toBe(200);
    }
  });

  it('that come in both ways are not tried one after the other', async () => {
    const wrong = { ...bearer(keyOf.read.replace(/.$/, '~')), 'X-API-Key': keyOf.read };
    expectProblem(await ask(wrong), 'unauthenticated');
    expect((await ask({ ...bearer(keyOf.read), 'X-API-Key': 'none' })).status).toBe(200);
  });

  it('are asked for in words and by a header', async () => {
    const response = await ask();
    expectProblem(response, 'unauthenticated');
    expect(response.headers['www-authenticate']).toBe('Bearer realm="medoid"');
    expect(response.body.detail).toMatch(/"Authorization: Bearer …" or "X-API-Key: …", got none/);
  });

  const malformed: [string, (key: string) => Record<string, string>][] = [
    ['no scheme', key => ({ Authorization: key })],
    ['another scheme', key => ({ Authorization: `Basic ${key}` })],
    ['nothing behind the scheme', () => ({ Authorization: 'Bearer ' })],
    ['more behind the key', key => ({ Authorization: `Bearer ${key} x` })],
    ['two keys', key => ({ Authorization: `Bearer ${key},Bearer ${key}` })],
    ['quotes', key => ({ Authorization: `Bearer "${key}"` })],
    ['an empty X-API-Key', () => ({ 'X-API-Key': '' })],
    ['a scheme in X-API-Key', key => ({ 'X-API-Key': `Bearer ${key}` })],
    ['half a key', key => ({ 'X-API-Key': key.slice(0, 30) })],
    ['a key and more', key => ({ 'X-API-Key': `${key}x` })],
    ['other letters', key => ({ 'X-API-Key': key.toUpperCase() })],
    ['an id alone', key => ({ 'X-API-Key': idOf(key) })],
    ['another secret', key => ({ 'X-API-Key': `medoid_${idOf(key)}_${'a'.repeat(43)}` })],
    ['the secret of another', key => ({ 'X-API-Key': key.replace(idOf(key), idOf(keyOf.admin)) })],
  ];
  it.each(malformed)('with %s are none', async (_, headersOf) => {
    expectProblem(await ask(headersOf(keyOf.read)), 'unauthenticated');
  });

  it('that are revoked are refused from the next request on, and new ones taken', async () => {
    const { key, record } = store.create({ name: 'short', scopes: ['read'], rateLimit: null });
    expect((await ask(bearer(key))).status).toBe(200);
    const other = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    other.revoke(record.id);
    expectProblem(await ask(bearer(key)), 'unauthenticated');
    const fresh = other.create({ name: 'fresh', scopes: ['read'], rateLimit: null });
    expect((await ask(bearer(fresh.key))).status).toBe(200);
    other.close();
  });

  it('are asked for before anything else is said', async () => {
    const asked = [
      request(app).get('/v1/collections/nobody'),
      request(app).get(`${path}?what=ever`),
      request(app).post('/v1/collections/default/search').set('Content-Type', 'text/plain').send('x'),
      request(app).get('/v1/collections/default/items/abc'),
    ];
    for (const one of asked) expectProblem(await one, 'unauthenticated');
  });

  it('stay out of answers and the log, which names them by their ids', async () => {
    const id = idOf(keyOf.read);
    const secret = keyOf.read.split('_').slice(2).join('_');
    const answers = [
      await ask(bearer(keyOf.read)),
      await ask({ 'X-API-Key': keyOf.read }),
      await ask(bearer(keyOf.read), '/v1/collections/nobody'),
      await request(app).delete('/v1/collections/default').set(bearer(keyOf.read)),
      await ask(bearer(`${keyOf.read}x`)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 403, 401]);
    for (const { headers, text } of answers) expect(JSON.stringify([headers, text])).not.toContain(secret);
    const lines = logged.map(line => JSON.parse(line)).filter(line => line.res !== undefined);
    expect(lines.map(({ keyId }) => keyId)).toEqual([id, id, id, id, undefined]);
    expect(logged.join('')).not.toContain(secret);
    expect(logged.join('')).not.toMatch(/authorization|x-api-key/i);
  });

  describe('that are wrong', () => {
    const from = (address: string, headers: Record<string, string>) => ({
      'X-Forwarded-For': address,
      ...headers,
    });
    const fail = async (address: string, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        expectProblem(await ask(from(address, { 'X-API-Key': `wrong-${i}` })), 'unauthenticated');
      }
    };
    afterEach(() => void vi.useRealTimers());

    it('more than sixty times in a minute from one address are told to wait; a right one passes', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await fail('192.0.2.1', 60);
      const response = await ask(from('192.0.2.1', { 'X-API-Key': 'wrong' }));
      expectProblem(response, 'rate-limited');
      expect(response.headers['retry-after']).toMatch(/^\d+$/);
      expect((await ask(from('192.0.2.1', bearer(keyOf.read)))).status).toBe(200);
      expectProblem(await ask(from('192.0.2.2', { 'X-API-Key': 'wrong' })), 'unauthenticated');
      // Nobody is asked for a key there.
      expect((await ask(from('192.0.2.1', {}), '/healthz')).status).toBe(200);
      vi.setSystemTime(Date.now() + 61_000);
      expectProblem(await ask(from('192.0.2.1', { 'X-API-Key': 'wrong' })), 'unauthenticated');
    });

    it('count for the whole network of an IPv6 address, in which one may choose any', async () => {
      for (let i = 0; i < 60; i++) await ask(from(`2001:db8::${i.toString(16)}`, { 'X-API-Key': 'wrong' }));
      expectProblem(await ask(from('2001:db8::ffff', { 'X-API-Key': 'wrong' })), 'rate-limited');
      expectProblem(await ask(from('2001:db9::1', { 'X-API-Key': 'wrong' })), 'unauthenticated');
    });

    it('are not those that lack, nor right ones, however many are under way', async () => {
      for (let i = 0; i < 61; i++) await ask(from('192.0.2.3', {}));
      const right = await Promise.all(
        Array.from({ length: 80 }, () => ask(from('192.0.2.3', bearer(keyOf.read)))),
      );
      expect(new Set(right.map(({ status }) => status))).toEqual(new Set([200]));
      expectProblem(await ask(from('192.0.2.3', { 'X-API-Key': 'wrong' })), 'unauthenticated');
    });
  });
});
