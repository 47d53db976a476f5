import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request, { type Response } from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import {
  createImageFetcher,
  type ImageFetcher,
  type ImageFetcherOptions,
} from '../../src/images/fetch-image.js';
import { createLog } from '../../src/log.js';
import { type AppOptions, createApp } from '../../src/server/app.js';
import { startServer } from '../../src/server/start-server.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';

const collection = '/v1/collections/default';
const maxBytes = 20_000;
/** What lies in the inner network, and must come out nowhere. */
const secret = 'the-secret-of-the-inner-network';

async function listen(host: string, listener: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(listener).listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('pictures by their addresses', () => {
  let filled: FilledApp;
  let picture: Buffer;
  /** The shop answers at `::1`, which the tests allow; what lies behind 127.0.0.1 is the inner network. */
  let shop: { server: Server; port: number };
  let inner: { server: Server; port: number };
  let innerAsked = 0;
  let answer: RequestListener;
  const fetchers: ImageFetcher[] = [];

  beforeAll(async () => {
    filled = await openFilledApp();
    picture = await createPicture('fetched');
    shop = await listen('::1', (incoming, outgoing) => answer(incoming, outgoing));
    inner = await listen('127.0.0.1', (_, response) => {
      innerAsked++;
      response.end(secret);
    });
  });
  afterEach(async () => {
    for (const fetcher of fetchers.splice(0)) await fetcher.close();
    expect(innerAsked).toBe(0);
  });
  afterAll(async () => {
    for (const { server } of [shop, inner]) {
      server.closeAllConnections();
      server.close();
    }
    await filled.remove();
  });

  const create = (options: ImageFetcherOptions = {}, appOptions: Partial<AppOptions> = {}) => {
    const fetcher = createImageFetcher({
      allowedPorts: [shop.port, inner.port],
      allowAddress: address => address === '::1',
      resolve: async host => (host.startsWith('shop.') ? ['::1'] : ['127.0.0.1']),
      maxBytes,
      timeoutMs: 60_000,
      ...options,
    });
    fetchers.push(fetcher);
    return createApp({
      gallery: filled.gallery,
      log: createLog('silent'),
      webDirectory: filled.folder,
      maxImageBytes: maxBytes,
      fetchImage: fetcher.fetch,
      ...appOptions,
    });
  };
  const shopUrl = (path = '/a.png'): string => `http://shop.example:${shop.port}${path}`;
  type App = ReturnType<typeof create>;
  const add = (app: App, ...items: { key?: string; url: string }[]): Promise<Response> =>
    request(app)
      .post(`${collection}/items`)
      .send({ items: items.map(({ url, ...text }) => ({ ...text, image: { url } })) })
      .then();
  const search = (app: App, url: string): Promise<Response> =>
    request(app)
      .post(`${collection}/search`)
      .send({ query: { image: { url } }, k: 1 })
      .then();
  /** In each way in which an address may come. */
  const expectRefused = async (app: App, url: string, code: ErrorCode): Promise<void> => {
    const batch = await request(app)
      .post(`${collection}/search/batch`)
      .send({ searches: [{ query: { image: { url } } }, { query: { itemId: 1 }, k: 1 }] })
      .expect(200);
    const alone = [await add(app, { url }), await search(app, url)];
    for (const response of alone) expectProblem(response, code);
    expect(batch.body.answers[0].code).toBe(code);
    expect(batch.body.answers[1].results).toHaveLength(1);
    for (const { text } of [...alone, batch]) expect(text).not.toContain(secret);
  };

  it('are refused unless the server was told to fetch', async () => {
    await expectRefused(filled.app, 'https://shop.example/a.png', 'url-not-allowed');
  });

  it('are fetched to be added, and to be searched by', async () => {
    answer = (_, response) => response.end(picture);
    const app = create();
    const added = await add(app, { key: 'fetched', url: shopUrl() });
    expect(added.body.outcomes).toMatchObject([{ key: 'fetched', status: 'added' }]);
    // Without a key it is named by its bytes, not by where it was.
    const unnamed = await add(app, { url: shopUrl('/b.png?size=1') });
    expect(unnamed.body.outcomes[0].key).toMatch(/^sha256-/);
    const found = await search(app, shopUrl());
    expect(found.body.results[0].distance).toBeLessThan(1e-3);
    expect(found.body.timingsMs.fetch).toBeGreaterThan(0);
    const queries = [{ image: { url: shopUrl() } }, { itemKey: 'fetched' }];
    await request(app).post(`${collection}/search`).send({ queries }).expect(200);
    for (const key of ['fetched', unnamed.body.outcomes[0].key]) {
      await request(app)
        .post(`${collection}/items/delete`)
        .send({ keys: [key] })
        .expect(200);
    }
  });

  it.each([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '①②⑦.0.0.1', '127.0.0.1.'],
    ...[
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[::]',
    ],
    ...['0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.169.254', '224.0.0.1'],
    ...[
      '[fe80::1]',
      '[fc00::1]',
      '[fd00:ec2::254]',
      'localhost',
      'metadata.google.internal',
      'inner.example',
    ],
  ])('are not fetched from %s', async host => {
    await expectRefused(create(), `http://${host}:${inner.port}/`, 'url-not-allowed');
  });

  it.each([
    ['a file', 'file:///etc/passwd'],
    ['ftp', 'ftp://shop.example/a.png'],
    ['data', 'data:image/png;base64,AAAA'],
    ['no address at all', 'a.png'],
  ])('are refused as malformed: %s', async (_, url) => {
    const app = create();
    for (const response of [await add(app, { url }), await search(app, url)]) {
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toMatch(/image\.url$/);
    }
  });

  it('are not fetched with a password, nor from another port', async () => {
    await expectRefused(create(), `http://user:pass@shop.example:${shop.port}/`, 'url-not-allowed');
    await expectRefused(create(), 'http://shop.example:22/', 'url-not-allowed');
  });

  it.each([
    ['by address', () => `http://127.0.0.1:${inner.port}/`],
    ['by name', () => `http://inner.example:${inner.port}/`],
    ['to a file', () => 'file:///etc/passwd'],
    ['without a scheme', () => `//127.0.0.1:${inner.port}/`],
  ])('are not followed to where they may not be fetched from: %s', async (_, target) => {
    answer = (__, response) => response.writeHead(302, { location: target() }).end();
    await expectRefused(create(), shopUrl(), 'url-not-allowed');
  });

  it('are not fetched from a name that changes its address, or has another beside', async () => {
    answer = (_, response) => response.end(picture);
    let asked = 0;
    const changing = create({ resolve: async () => (asked++ === 0 ? ['::1'] : ['127.0.0.1']) });
    expect((await search(changing, shopUrl())).status).toBe(200);
    await expectRefused(changing, `http://shop.example:${inner.port}/`, 'url-not-allowed');
    for (const addresses of [['::1', '127.0.0.1'], ['127.0.0.1', '::1'], []]) {
      await expectRefused(create({ resolve: async () => addresses }), shopUrl(), 'url-not-allowed');
    }
  });

  describe('that cannot be had', () => {
    const troubles: [string, RequestListener, ErrorCode][] = [
      ['text', (_, response) => response.end('<h1>no picture</h1>'), 'unsupported-image'],
      [
        'half a picture',
        (_, response) => response.end(picture.subarray(0, picture.length >> 1)),
        'unreadable-image',
      ],
      ['another status', (_, response) => response.writeHead(404).end(secret), 'fetch-failed'],
      ['trouble of their server', (_, response) => response.writeHead(500).end(secret), 'fetch-failed'],
      ['too large', (_, response) => response.end(Buffer.alloc(maxBytes + 1)), 'payload-too-large'],
      ['a circle', (_, response) => response.writeHead(302, { location: '/' }).end(), 'fetch-failed'],
      [
        'cut short',
        (_, response) =>
          void response.writeHead(200, { 'content-length': 99 }).write('a', () => response.destroy()),
        'fetch-failed',
      ],
      [
        'packed',
        (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(picture),
        'fetch-failed',
      ],
    ];
    it.each(troubles)('say why, and nothing of what came: %s', async (_, listener, code) => {
      answer = listener;
      await expectRefused(create(), shopUrl(), code);
    });

    it('are given up when they are slow, or never end', async () => {
      answer = () => undefined;
      await expectRefused(create({ timeoutMs: 100 }), shopUrl(), 'fetch-failed');
      answer = (_, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(1000), more);
        };
        more();
      };
      await expectRefused(create(), shopUrl(), 'payload-too-large');
    });

    it('fail alone among several', async () => {
      answer = ({ url }, response) =>
        url === '/good' ? response.end(picture) : response.writeHead(404).end(secret);
      const app = create();
      const response = await add(
        app,
        { key: 'a', url: shopUrl('/good') },
        { key: 'b', url: shopUrl('/bad') },
        { key: 'c', url: `http://127.0.0.1:${inner.port}/` },
        { url: shopUrl('/unnamed') },
      );
      const outcomes = response.body.outcomes.map(({ key, status, code }: Record<string, string>) => [
        key,
        status,
        code,
      ]);
      expect(outcomes).toEqual([
        ['a', 'added', undefined],
        ['b', 'failed', 'fetch-failed'],
        ['c', 'failed', 'url-not-allowed'],
        [shopUrl('/unnamed'), 'failed', 'fetch-failed'],
      ]);
      expect(response.text).not.toContain(secret);
    });

    it('are given up with the request: when its time is up, and when nobody waits for it', async () => {
      let arrive = (_left: Promise<unknown>): void => undefined;
      answer = (_, response) => arrive(once(response, 'close'));
      const arrival = (): Promise<unknown> =>
        new Promise(resolve => {
          arrive = left => resolve(left);
        });
      const late = arrival();
      expectProblem(await search(create({}, { requestTimeoutMs: 1000 }), shopUrl()), 'timed-out');
      await late;
      const left = arrival();
      const server = await startServer(create(), { host: '127.0.0.1', port: 0 });
      const asking = new AbortController();
      const asked = fetch(`${server.url}${collection}/search`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ query: { image: { url: shopUrl() } } }),
        signal: asking.signal,
      });
      asked.catch(() => undefined);
      await Promise.race([left, once(shop.server, 'request')]);
      asking.abort();
      await left;
      await server.close({ deadlineMs: 60_000 });
    });
  });
});
