import type { Express } from 'express';
import request, { type Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createLog } from '../../src/log.js';
import { type AppOptions, createApp } from '../../src/server/app.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { sendRaw } from '../fixtures/send-raw.js';

const collection = '/v1/collections/default';
const search = `${collection}/search`;
const shop = 'https://shop.example';
const corsHeaders = (response: Response): string[] =>
  Object.keys(response.headers).filter(name => name.startsWith('access-control-'));

describe('pages of other origins', () => {
  let filled: FilledApp;
  beforeAll(async () => {
    filled = await openFilledApp({ count: 2 });
  });
  afterAll(() => filled.remove());

  const create = (options: Partial<AppOptions> = {}): Express =>
    createApp({ gallery: filled.gallery, log: createLog('silent'), webDirectory: filled.folder, ...options });
  const preflight = (app: Express, origin: string, method = 'POST'): Promise<Response> =>
    request(app)
      .options(search)
      .set({ Origin: origin, 'Access-Control-Request-Method': method })
      .set('Access-Control-Request-Headers', 'content-type,x-api-key')
      .then();

  describe('when none is let in', () => {
    it('learn nothing from a browser that asks for them', async () => {
      const app = create();
      for (const origin of [shop, 'null', 'http://localhost:3000']) {
        const read = await request(app).get(collection).set('Origin', origin);
        expect([read.status, corsHeaders(read)]).toEqual([200, []]);
        const asked = await preflight(app, origin);
        expect([asked.status, corsHeaders(asked)]).toEqual([204, []]);
      }
    });
  });

  describe('when some are let in', () => {
    const corsOrigins = [shop, 'http://127.0.0.1:3000'];

    it('read and send, if they are among them', async () => {
      const app = create({ corsOrigins });
      for (const origin of corsOrigins) {
        const asked = await preflight(app, origin, 'PUT');
        expect(asked.status).toBe(204);
        expect(asked.headers['access-control-allow-origin']).toBe(origin);
        expect(asked.headers['access-control-allow-methods'].split(',')).toContain('PUT');
        const allowed = asked.headers['access-control-allow-headers'].toLowerCase().split(',');
        expect(allowed).toEqual(
          expect.arrayContaining(['authorization', 'content-type', 'x-api-key', 'prefer']),
        );
        expect(asked.headers).not.toHaveProperty('access-control-allow-credentials');
        const sent = await request(app)
          .post(search)
          .set('Origin', origin)
          .attach('image', filled.pictures[0], 'a');
        expect([sent.status, sent.headers['access-control-allow-origin']]).toEqual([200, origin]);
        expect(sent.headers['access-control-expose-headers']).toMatch(/X-Request-Id/);
        expect(sent.headers.vary).toMatch(/Origin/);
      }
    });

    it.each([
      ...['https://shop.example.evil.example', 'http://shop.example', 'https://shop.example:8443'],
      ...['https://evil-shop.example', 'https://SHOP.example.', 'null', '*', ''],
    ])('stay out if they are %j, which is not', async origin => {
      const app = create({ corsOrigins });
      for (const response of [
        await preflight(app, origin),
        await request(app).get(collection).set('Origin', origin),
      ]) {
        expect(response.headers).not.toHaveProperty('access-control-allow-origin');
      }
      // A request without an origin is none of a page.
      if (origin === '') return;
      expectProblem(await request(app).delete(`${collection}/items/99`).set('Origin', origin), 'forbidden');
    });

    it('may read refusals, too, and are not asked for a key beforehand', async () => {
      const keys = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
      const app = create({ corsOrigins, keys });
      expect((await preflight(app, shop)).status).toBe(204);
      const refused = await request(app).get(collection).set('Origin', shop);
      expectProblem(refused, 'unauthenticated');
      expect(refused.headers['access-control-allow-origin']).toBe(shop);
      keys.close();
    });
  });

  describe('that send what a browser asks nobody about', () => {
    /** What forms, beacons and pictures of other pages can bring about. */
    const send = (app: Express, headers: Record<string, string>): Promise<Response> =>
      request(app)
        .post(`${collection}/items`)
        .set(headers)
        .set('Content-Type', 'multipart/form-data; boundary=x')
        .send('--x--\r\n')
        .then();
    const foreign: [string, Record<string, string>][] = [
      ['another site', { Origin: 'https://evil.example', Host: 'medoid.example' }],
      ['a site that hides its name', { Origin: 'null', Host: 'medoid.example' }],
      ['another port', { Origin: 'http://medoid.example:3000', Host: 'medoid.example' }],
      ['a part of the name', { Origin: 'http://example', Host: 'medoid.example' }],
      ['a longer name', { Origin: 'http://medoid.example.evil.example', Host: 'medoid.example' }],
      ['what is no origin', { Origin: 'medoid.example', Host: 'medoid.example' }],
      ['a browser that tells the site only', { 'Sec-Fetch-Site': 'cross-site', Host: 'medoid.example' }],
    ];
    it.each(foreign)('are refused: %s', async (_, headers) => {
      const response = await send(create(), headers);
      expectProblem(response, 'forbidden');
      expect(response.body.field).toBe('Origin');
    });

    const own: [string, Record<string, string>][] = [
      ['a program', { Host: 'medoid.example' }],
      ['its own page', { Origin: 'http://medoid.example:8080', Host: 'medoid.example:8080' }],
      ['its own page behind TLS', { Origin: 'https://medoid.example', Host: 'medoid.example' }],
      [
        'its own page, the port spelt out by a proxy',
        { Origin: 'https://medoid.example', Host: 'medoid.example:443' },
      ],
      ['its own page, the name in capitals', { Origin: 'http://medoid.example', Host: 'Medoid.Example' }],
      ['its own page by IPv6', { Origin: 'http://[::1]:8080', Host: '[::1]:8080' }],
      [
        'its own page behind a proxy that calls the server otherwise',
        { Origin: 'https://medoid.example', 'Sec-Fetch-Site': 'same-origin', Host: '127.0.0.1:8080' },
      ],
      ['its own page, as browsers say it', { 'Sec-Fetch-Site': 'same-origin', Host: 'medoid.example' }],
    ];
    it.each(own)('are heard: %s', async (_, headers) => {
      expectProblem(await send(create(), headers), 'missing-image');
    });

    it('may read as any program may: what it sees is up to the browser', async () => {
      for (const method of ['get', 'head'] as const) {
        const response = await request(create())[method](collection).set('Origin', 'https://evil.example');
        expect(response.status).toBe(200);
      }
    });
  });

  describe('that point a name of theirs at this machine', () => {
    const hosts = ['localhost', '127.0.0.1', '[::1]'];
    const ask = (host: string) => request(create({ hosts })).get(collection).set('Host', host);

    it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080'])(
      'are told from a call by %s',
      async host => {
        expect((await ask(host)).status).toBe(200);
      },
    );

    it.each([
      ...[
        'evil.example',
        'evil.example:8080',
        'localhost.evil.example',
        'evil.example#localhost',
        'localhost.',
      ],
      ...['127.0.0.1.evil.example', '127.0.0.2', '0.0.0.0', '[::]', '::1', 'localhost:80:80', 'a@localhost'],
    ])('are refused by %s', async host => {
      const response = await ask(host);
      expectProblem(response, 'forbidden');
      expect(response.body.field).toBe('Host');
      const page = await request(create({ hosts })).get('/').set('Host', host);
      expectProblem(page, 'forbidden');
    });

    it('are not refused where any name will do', async () => {
      expect((await request(create()).get(collection).set('Host', 'medoid.example')).status).toBe(200);
    });

    describe('by what no browser sends', () => {
      let server: RunningServer;
      beforeAll(async () => {
        server = await startServer(create({ hosts }), { host: '127.0.0.1', port: 0 });
      });
      afterAll(() => server.close({ deadlineMs: 0 }));

      it.each([
        ['no Host', `GET ${collection} HTTP/1.1\r\nConnection: close\r\n\r\n`, 400],
        ['no Host, as in the old days', `GET ${collection} HTTP/1.0\r\n\r\n`, 403],
        ['an empty Host', `GET ${collection} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`, 403],
        [
          'a whole address',
          `GET http://evil.example${collection} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
          403,
        ],
        [
          'a whole address of another name',
          `GET http://evil.example${collection} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
          403,
        ],
        [
          'a whole address of its own',
          `GET http://localhost${collection} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
          200,
        ],
      ])('are answered: %s', async (_, text, status) => {
        expect((await sendRaw(server.port, text)).status).toBe(status);
      });
    });
  });
});
