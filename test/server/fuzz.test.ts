import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createBatchingEmbedder } from '../../src/embed/batching-embedder.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { searchOptionsSchema } from '../../src/gallery/search-question.js';
import { createRandom } from '../../src/math/random.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createFilledGallery } from '../fixtures/filled-gallery.js';
import { formRequest, framingRequest } from '../fuzz/form-requests.js';
import { deepParameterRequest, headRequest } from '../fuzz/head-requests.js';
import { cursorRequest, jsonRequest } from '../fuzz/json-requests.js';
import { collectionPath, type Known, type RequestMaker } from '../fuzz/known.js';
import { pick } from '../fuzz/odd-values.js';
import { goneRequest, validRequest } from '../fuzz/other-requests.js';
import { createPictureRequest, createPictures } from '../fuzz/picture-requests.js';
import { type RawRequest, sendRaw, writeRequest } from '../fuzz/raw-request.js';
import { countOf, createTraffic, describeTraffic, sendTraffic } from '../fuzz/traffic.js';

/** Another seed asks for other things: `FUZZ_SEED=2 npx vitest run test/server/fuzz.test.ts`. */
const seed = process.env.FUZZ_SEED ?? 'fuzz';
const warmUp = 1000;
const requests = 4000;
const atOnce = 12;
const megabyte = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

async function measureMemory(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise(resolve => setImmediate(resolve));
  }
  return process.memoryUsage();
}

const openConnections = (): number =>
  process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length;

/** Makers of requests, the most telling more often than the others. */
async function listMakers(pictures: Readonly<Record<string, Buffer>>): Promise<RequestMaker<RawRequest>[]> {
  const pictureRequest = await createPictureRequest(pictures);
  return [
    ...[
      jsonRequest,
      headRequest,
      formRequest,
      pictureRequest,
      validRequest,
      cursorRequest,
      jsonRequest,
      headRequest,
    ],
    ...[
      formRequest,
      pictureRequest,
      validRequest,
      framingRequest,
      deepParameterRequest,
      goneRequest,
      jsonRequest,
    ],
  ];
}

const askForVector = (target: string): RawRequest => ({
  kind: 'search',
  bytes: writeRequest({
    method: 'POST',
    target,
    headers: ['Content-Type: application/json'],
    body: JSON.stringify({ query: { vector: Array.from({ length: 16 }, (_, i) => i - 7) }, k: 2 }),
  }),
  isWhole: true,
});

/** @param port of a server that asks for no keys */
async function getKnown(port: number): Promise<Known> {
  const answer = await sendRaw(port, askForVector(`${collectionPath}/search`));
  const { next, modelId } = JSON.parse(String(answer?.body));
  const itemIds = Array.from({ length: 120 }, (_, i) => i + 1);
  return { modelId, cursor: next, itemIds, pictures: await createPictures(), dimension: 16 };
}

describe('a server that gets anything but what it expects', () => {
  const traffic = createTraffic();
  const random = createRandom(`fuzz/${seed}`);
  const unhandled: unknown[] = [];
  const noteUnhandled = (error: unknown): void => void unhandled.push(error);
  const failures: string[] = [];
  const connectionsBefore = openConnections();
  let filled: FilledApp;
  let server: RunningServer;
  let warm: NodeJS.MemoryUsage;

  beforeAll(async () => {
    process.on('unhandledRejection', noteUnhandled).on('uncaughtException', noteUnhandled);
    filled = await openFilledApp({
      count: 40,
      requestTimeoutMs: 10_000,
      open: { wrapEmbedder: embedder => createBatchingEmbedder(embedder) },
    });
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => {
    process.off('unhandledRejection', noteUnhandled).off('uncaughtException', noteUnhandled);
  });

  it(`answers ${requests} requests, none with an error of its own`, { timeout: 120_000 }, async () => {
    const known = await getKnown(server.port);
    const makers = await listMakers(known.pictures);
    const send = async (count: number): Promise<void> => {
      await sendTraffic(traffic, makers, { port: server.port, count, atOnce, random, known });
      failures.push(...filled.logged.splice(0).filter(line => line.includes('"level":50')));
    };
    await send(warmUp);
    warm = await measureMemory();
    await send(requests - warmUp);
    console.log(`seed ${seed}, ${describeTraffic(traffic)}`);
    expect(traffic.faults).toEqual([]);
    expect(countOf(traffic, 503)).toBeLessThan(requests / 50);
    expect(countOf(traffic, 200)).toBeGreaterThan(requests / 10);
    // A minute of decoding, or a second per request that waits for it, would come to more.
    expect(traffic.slowest.ms).toBeLessThan(8000);
    // Of each request that failed for reasons of the server's own.
    expect(failures.filter(line => !/"statusCode":503|"code":"timed-out"/.test(line))).toEqual([]);
    expect(unhandled).toEqual([]);
  });

  it('is alive: a search is answered as quickly as ever', async () => {
    const began = performance.now();
    const answer = await sendRaw(server.port, askForVector(`${collectionPath}/search`));
    expect(answer?.status).toBe(200);
    expect(JSON.parse(String(answer?.body)).results).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('keeps nothing of what it has answered', async () => {
    const after = await measureMemory();
    const grown = (name: keyof NodeJS.MemoryUsage): number => (after[name] - warm[name]) / megabyte;
    const names = ['heapUsed', 'external', 'rss'] as const;
    const shown = names.map(name => `${name} ${grown(name).toFixed(1)}`).join(', ');
    const peak = process.resourceUsage().maxRSS / 1024;
    console.log(`MB more than after ${warmUp} requests: ${shown}; at most ${Math.round(peak)} in all`);
    // One picture or body in ten that is not let go of would come to more.
    expect(grown('heapUsed')).toBeLessThan(10);
    expect(grown('external')).toBeLessThan(10);
    // What native libraries gave back stays with the allocator, in pieces.
    expect(grown('rss')).toBeLessThan(200);
    // Of a bomb that is unpacked a single one would come to two gigabytes.
    expect(peak).toBeLessThan(1500);
  });

  it('leaves no connection open, and no file that no item needs', async () => {
    const { jobs } = filled.gallery;
    await expect.poll(() => jobs.count('queued') + jobs.count('running'), { timeout: 20_000 }).toBe(0);
    await server.close({ deadlineMs: 5000 });
    await expect.poll(openConnections).toBe(connectionsBefore);
    const database = new Database(join(filled.directory, 'catalog.sqlite'), { readonly: true });
    const needed = database.prepare('SELECT DISTINCT image_sha256 FROM items').pluck().all() as string[];
    database.close();
    const files = readdirSync(join(filled.directory, 'images'), { recursive: true, withFileTypes: true });
    const names = files.filter(entry => entry.isFile()).map(({ name }) => name);
    expect(names.sort()).toEqual(needed.sort());
  });

  it('leaves a gallery that is whole, its index with it', async () => {
    const { directory, gallery } = filled;
    await gallery.close();
    const database = new Database(join(directory, 'catalog.sqlite'), { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    database.close();
    const again = await Gallery.open(directory, { access: 'read', threads: 1 });
    const collection = await again.collection('default');
    expect(await collection.rebuiltBecause()).toBeUndefined();
    const question = (exact: boolean) =>
      collection.search({
        queries: [{ vector: Float32Array.from({ length: 16 }, () => 1) }],
        options: searchOptionsSchema.parse({ k: 1000, exact }),
      });
    const found = [await question(true), await question(false)].map(({ results }) => results.length);
    expect(found).toEqual([collection.size, collection.size]);
    await again.close();
    // Compares every answer with the document.
    await filled.remove();
  });
});

/** Right, wrong or hardly keys at all. */
const withKey =
  (maker: RequestMaker<RawRequest>, kind: string, header: () => string): RequestMaker<RawRequest> =>
  (random, known) => {
    const { bytes, ...request } = maker(random, known);
    const end = bytes.indexOf('\r\n') + 2;
    const line = Buffer.from(`${header()}\r\n`, 'latin1');
    return { ...request, kind, bytes: Buffer.concat([bytes.subarray(0, end), line, bytes.subarray(end)]) };
  };

describe('a server that asks for keys', () => {
  it('lets everybody in who has one, and nobody else', async () => {
    const random = createRandom(`fuzz/keys/${seed}`);
    const { folder, remove } = await createFilledGallery({ count: 1 });
    const keys = KeyStore.open(folder, { access: 'write', onNotice: () => undefined });
    const { key } = keys.create({ name: 'fuzz', scopes: ['admin'], rateLimit: 0 });
    const filled = await openFilledApp({ keys });
    const server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
    const pictures = await createPictures();
    const known: Known = {
      modelId: 'none',
      cursor: 'A'.repeat(200),
      itemIds: [1, 2],
      pictures,
      dimension: 16,
    };
    const traffic = createTraffic();
    const makers = [jsonRequest, formRequest, cursorRequest, await createPictureRequest(pictures)];
    const junk = [
      ...['X-API-Key: ', 'X-API-Key: medoid_abcdefgh_', `X-API-Key: ${key}x`, `X-API-Key: ${key}, ${key}`],
      ...['Authorization: Bearer \xff\0', `Authorization: Basic ${key}`, `Cookie: key=${key}`, 'X: none'],
      ...[`X-API-Key: ${key.slice(0, -1)}`, `Authorization: ${key}`, `X-API-Key: ${'k'.repeat(9000)}`],
    ];
    const options = { port: server.port, atOnce, random, known };
    const right = makers.map(maker => withKey(maker, 'right key', () => `Authorization: Bearer ${key}`));
    await sendTraffic(traffic, right, { ...options, count: 100 });
    const wrong = makers.map(maker => withKey(maker, 'wrong key', () => pick(random, junk)));
    await sendTraffic(traffic, wrong, { ...options, count: 200 });
    console.log(`seed ${seed}, ${describeTraffic(traffic)}`);
    expect(traffic.faults).toEqual([]);
    expect(traffic.counts.get('right key')?.get(200)).toBeGreaterThan(0);
    const refusals = [...(traffic.counts.get('wrong key')?.keys() ?? [])];
    // 400 is Node's word for what is no header, 405 the same to everybody.
    expect(refusals.filter(status => ![400, 401, 405, 429].includes(Number(status)))).toEqual([]);
    await server.close({ deadlineMs: 1000 });
    keys.close();
    await filled.remove();
    await remove();
  });
});
