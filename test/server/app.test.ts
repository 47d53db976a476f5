import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Express } from 'express';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const collection = '/v1/collections/default';
const huge = '99999999999999999999';

describe('createApp', () => {
  let filled: FilledApp;
  let app: Express;

  beforeAll(async () => {
    filled = await openFilledApp();
    ({ app } = filled);
  });
  afterAll(() => filled.remove());

  it('is alive', async () => {
    const response = await request(app).get('/healthz').expect(200);
    expect(response.body).toEqual({ status: 'ok' });
  });

  it.each(['/healthz', '/openapi.json', '/v1/collections', `${collection}/items`])(
    'answers %s in full to whoever has any, as it has no tag',
    async path => {
      await request(app).get(path).set('If-None-Match', '*').expect(200);
    },
  );

  it('lists the collections, and shows one alone', async () => {
    const { body } = await request(app).get('/v1/collections').expect(200);
    const [summary] = body.collections;
    expect(body).toEqual({ collections: [summary] });
    expect(summary).toMatchObject({ name: 'default', dimension: 16, items: 12 });
    expect(Object.keys(summary)).toEqual([
      ...['name', 'modelId', 'previousModelId', 'dimension', 'items', 'createdAt'],
    ]);
    expect((await request(app).get(collection).expect(200)).body).toEqual(summary);
  });

  const paths = ['/healthz', '/v1/collections', collection, `${collection}/items`, `${collection}/items/1`];
  it.each([...paths, `${collection}/items/1/image`, `${collection}/items/1/thumbnail`])(
    'answers HEAD %s like GET, without a body',
    async path => {
      const [head, get] = [await request(app).head(path), await request(app).get(path)];
      expect([head.status, get.status]).toEqual([200, 200]);
      expect(head.headers['content-length']).toBe(get.headers['content-length']);
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
      expect(head.text).toBeFalsy();
    },
  );

  const bad: [string, ErrorCode, RegExp][] = [
    ['/nowhere', 'not-found', /there is no \/nowhere/],
    ['/v1', 'not-found', /./],
    ['/page.map', 'not-found', /./],
    ['/%2e%2e/package.json', 'not-found', /./],
    ['/', 'not-found', /built without the page/],
    ['/page.js', 'not-found', /built without the page/],
    ['/healthz?verbose=1', 'invalid-request', /no parameter "verbose"/],
    ['/v1/collections?limit=1', 'invalid-request', /no parameter "limit"/],
    ['/v1/collections/nope', 'not-found', /no collection nope/],
    ['/v1/collections/..%2f..%2fetc', 'not-found', /./],
    ['/v1/collections/%00', 'not-found', /./],
    ['/v1/collections/__proto__', 'not-found', /./],
    ['/v1/collections/%E0%A4%A', 'invalid-request', /percent-encoding/],
    ['/v1/collections/nope/items', 'not-found', /no collection nope/],
    ['/v1/collections/nope/items/1/image', 'not-found', /./],
    [
      `${collection}/items?limit=0`,
      'invalid-request',
      /limit: expected a whole number from 1 to 200, got "0"/,
    ],
    [`${collection}/items?limit=201`, 'invalid-request', /limit/],
    [`${collection}/items?limit=`, 'invalid-request', /limit.*got ""/],
    [`${collection}/items?limit=1&limit=2`, 'invalid-request', /limit.*got \["1","2"\]/],
    [`${collection}/items?limit[a]=1`, 'invalid-request', /no parameter "limit\[a\]"/],
    [`${collection}/items?after=-1`, 'invalid-request', /after/],
    [`${collection}/items?after=${huge}`, 'invalid-request', /after/],
    [`${collection}/items?After=1`, 'invalid-request', /no parameter "After"/],
    [`${collection}/items?__proto__=1`, 'invalid-request', /no parameter "__proto__"/],
    [`${collection}/items/13`, 'not-found', /default has no item 13/],
    [`${collection}/items/13/image`, 'not-found', /./],
    [`${collection}/items/13/thumbnail`, 'not-found', /./],
    ...['abc', '0', '1e3', '-1', '01', '1.0', '%201', '0x1', huge].flatMap(
      (id): [string, ErrorCode, RegExp][] => [
        [`${collection}/items/${id}`, 'invalid-request', /id: expected a whole number/],
        [`${collection}/items/${id}/image`, 'invalid-request', /id/],
        [`${collection}/items/${id}/thumbnail`, 'invalid-request', /id/],
      ],
    ),
    [`${collection}/items/1?x=1`, 'invalid-request', /no parameter "x"/],
    [`${collection}/items/1/image?download=1`, 'invalid-request', /no parameter "download"/],
    [`${collection}/items/1/thumbnail?side=31`, 'invalid-request', /side: .* from 32 to 1024, got "31"/],
    [`${collection}/items/1/thumbnail?side=1025`, 'invalid-request', /side/],
    [`${collection}/items/1/thumbnail?side=6e1`, 'invalid-request', /side/],
    [`${collection}/items/1/poster`, 'not-found', /./],
  ];
  it.each(bad)('refuses GET %s as %s', async (path, code, detail) => {
    const response = await request(app).get(path);
    expectProblem(response, code);
    expect(response.body.detail).toMatch(detail);
    const named = /^(?:there is no parameter )?"?([\w[\]]+)"?(?: here|: expected)/.exec(response.body.detail);
    if (code === 'invalid-request' && named !== null) expect(response.body.field).toBe(named[1]);
    expectProblem(await request(app).head(path), code);
  });

  const methods: [string, string][] = [
    ['/', 'GET, HEAD, OPTIONS'],
    ['/healthz', 'GET, HEAD, OPTIONS'],
    ['/v1/collections', 'GET, HEAD, POST, OPTIONS'],
    [collection, 'GET, HEAD, DELETE, OPTIONS'],
    [`${collection}/items`, 'GET, HEAD, POST, OPTIONS'],
    [`${collection}/items/delete`, 'POST, OPTIONS'],
    [`${collection}/items/1`, 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    [`${collection}/items/1/image`, 'GET, HEAD, OPTIONS'],
    [`${collection}/items/1/thumbnail`, 'GET, HEAD, OPTIONS'],
    [`${collection}/search`, 'POST, OPTIONS'],
    [`${collection}/model`, 'PUT, OPTIONS'],
  ];
  it.each(methods)('says of %s that it knows %s', async (path, allow) => {
    const known = allow.split(', ');
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      if (known.includes(method.toUpperCase())) continue;
      const response = await request(app)[method](path);
      expectProblem(response, 'method-not-allowed');
      expect(response.headers.allow).toBe(allow);
    }
    const options = await request(app).options(path).expect(204);
    expect(options.headers.allow).toBe(allow);
  });

  it('answers the id of a request that has a plain one, and makes one otherwise', async () => {
    const given = await request(app).get('/nowhere').set('X-Request-Id', 'trace-1.a_B');
    expect(given.headers['x-request-id']).toBe('trace-1.a_B');
    expect(given.body.instance).toBe('urn:medoid:request:trace-1.a_B');
    for (const odd of ['a b', 'x'.repeat(65), '<b>', '']) {
      const response = await request(app).get('/healthz').set('X-Request-Id', odd);
      expect(response.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    }
  });

  it('guards every answer with the same headers', async () => {
    for (const path of ['/healthz', '/nowhere', '/']) {
      const { headers } = await request(app).get(path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
      });
      expect(headers['content-security-policy']).toBe(
        "default-src 'none';script-src 'self';style-src 'self';img-src 'self' blob: data:;" +
          "connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
      );
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it.each([
    ['Range', 'bytes=99999999-'],
    ['If-Match', '"zzz"'],
    ['If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ])('answers the page whole whatever %s says', async (header, value) => {
    await writeFile(join(filled.folder, 'page.html'), '<!doctype html>');
    const response = await request(filled.app).get('/').set(header, value);
    expect([response.status, response.text]).toEqual([200, '<!doctype html>']);
  });

  it('keeps its own trouble to itself', async () => {
    const damaged = await openFilledApp({ count: 2 });
    await rm(join(damaged.directory, 'images'), { recursive: true });
    for (const path of ['image', 'thumbnail']) {
      const response = await request(damaged.app).get(`${collection}/items/1/${path}`);
      expectProblem(response, 'invalid-gallery');
      expect(response.body.detail).toMatch(/log says why/);
      expect(response.headers).not.toHaveProperty('etag');
      const id = response.headers['x-request-id'];
      const lines = damaged.logged.filter(line => line.includes(id) && line.includes(damaged.folder));
      expect(lines).toHaveLength(1);
    }
    await damaged.remove();
  });

  it('does not call a client to account for a folder that only the server names', async () => {
    const damaged = await openFilledApp({ count: 2 });
    await rm(join(damaged.directory, 'models'), { recursive: true });
    const { status, body, text } = await request(damaged.app).get(collection);
    expect([status, body.status, body.code]).toEqual([500, 500, 'file-not-found']);
    expect(text).not.toContain(damaged.folder);
    await damaged.remove();
  });

  it('answers 500 to what nobody foresaw, and 503 after the gallery was closed', async () => {
    const other = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
    const own = createApp({ gallery: other, log: createLog('silent'), webDirectory: filled.folder });
    await other.close();
    expectProblem(await request(own).get(collection), 'interrupted');
    const closed = await request(own).get('/v1/collections');
    expectProblem(closed, 'internal-error');
    expect(JSON.stringify(closed.body)).not.toMatch(/database|connection/);
  });
});
