import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import request, { type Response } from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BatchingEmbedder, createBatchingEmbedder } from '../../src/embed/batching-embedder.js';
import { createLog } from '../../src/log.js';
import { type AppOptions, createApp } from '../../src/server/app.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { beforeEmbedding, createGate, type Gate } from '../fixtures/gate.js';
import { createPicture } from '../fixtures/images.js';

const collection = '/v1/collections/default';

describe('when there is much to do, a request', () => {
  let filled: FilledApp;
  let gate: Gate;
  let batching: BatchingEmbedder | undefined;
  let batches: number[];
  let server: RunningServer | undefined;

  beforeEach(() => {
    gate = createGate();
    batches = [];
  });
  afterEach(async () => {
    gate.stayOpen();
    await server?.close({ deadlineMs: 10_000 });
    server = undefined;
    await filled.remove();
  });

  /** A model that stops at the gate, and a queue before it. */
  const open = async (options: Partial<AppOptions> & { maxWaiting?: number } = {}) => {
    const { maxWaiting = 256, ...rest } = options;
    filled = await openFilledApp({
      ...rest,
      open: {
        wrapEmbedder: inner => {
          batching = createBatchingEmbedder(beforeEmbedding(inner, gate.pass), {
            maxWaiting,
            decodesAtOnce: 1,
            onBatch: size => void batches.push(size),
          });
          return batching;
        },
      },
    });
    // Opened now, so that no request waits for it.
    await filled.gallery.collection('default');
  };
  /** The same without a limit, however slow the machine is. */
  const patientApp = () =>
    createApp({ gallery: filled.gallery, log: createLog('silent'), webDirectory: filled.folder });
  const search = (picture = filled.pictures[0], app = filled.app): Promise<Response> =>
    request(app).post(`${collection}/search?k=1`).set('Content-Type', 'image/png').send(picture).then();
  const untilWaiting = async (count: number): Promise<void> => {
    while ((batching?.waiting ?? 0) < count) await new Promise(resolve => setImmediate(resolve));
  };

  it('is answered in time, or told that it was not', async () => {
    await open({ requestTimeoutMs: 150 });
    const late = await search();
    expectProblem(late, 'timed-out');
    expect(late.headers['retry-after']).toBe('2');
    expect(late.body.detail).toBe('expected an answer within 150 ms; the server is busy: try again');
    // What has nothing to do with the model is answered meanwhile.
    await request(patientApp()).get(collection).expect(200);
    gate.stayOpen();
    expect((await search(filled.pictures[0], patientApp())).status).toBe(200);
  });

  it('that was to add a picture too late has added nothing', async () => {
    await open({ requestTimeoutMs: 150 });
    const picture = await createPicture('late');
    const add = (app = filled.app) =>
      request(app).post(`${collection}/items?key=late`).set('Content-Type', 'image/png').send(picture);
    expectProblem(await add(), 'timed-out');
    gate.stayOpen();
    const again = await add(patientApp()).expect(200);
    expect(again.body.outcomes[0].status).toBe('added');
  });

  it('that was to start a job too late has started none', async () => {
    await open({ requestTimeoutMs: 1000 });
    const collectionOpened = await filled.gallery.collection('default');
    const stage = collectionOpened.stageImage.bind(collectionOpened);
    const staging = vi.spyOn(collectionOpened, 'stageImage').mockImplementation(async image => {
      await gate.pass();
      return stage(image);
    });
    const late = request(filled.app)
      .post(`${collection}/items`)
      .set({ 'Content-Type': 'image/png', Prefer: 'respond-async' })
      .send(await createPicture('late'));
    expectProblem(await late, 'timed-out');
    gate.stayOpen();
    await staging.mock.results[0].value;
    await new Promise(resolve => setImmediate(resolve));
    expect(filled.gallery.jobs.list({ limit: 10 }).jobs).toEqual([]);
  });

  it('has a body in time, too', async () => {
    await open({ requestTimeoutMs: 150 });
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
    const asking = openRequest(`${server.url}${collection}/search`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png', 'Content-Length': 1000 },
    });
    asking.on('error', () => undefined);
    asking.write('half');
    const [answer] = await once(asking, 'response');
    expect([answer.statusCode, answer.headers.connection]).toEqual([408, 'close']);
    asking.destroy();
  });

  it('that nobody waits for any more leaves the queue', async () => {
    await open();
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
    const first = search();
    await gate.reached();
    const leaving = new AbortController();
    const left = fetch(`${server.url}${collection}/search`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: new Uint8Array(filled.pictures[1]),
      signal: leaving.signal,
    });
    await untilWaiting(1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    while (batching?.waiting !== 0) await new Promise(resolve => setImmediate(resolve));
    gate.stayOpen();
    expect((await first).status).toBe(200);
    // The model never saw it.
    expect(batches).toEqual([1]);
  });

  it('joins others that come while the model runs', async () => {
    await open();
    const first = search();
    await gate.reached();
    const others = filled.pictures.slice(1, 7).map(picture => search(picture));
    await untilWaiting(6);
    gate.stayOpen();
    expect((await first).body.results[0].item.id).toBe(1);
    const ids = (await Promise.all(others)).map(({ body }) => body.results[0].item.id);
    expect(ids).toEqual([2, 3, 4, 5, 6, 7]);
    expect(batches).toEqual([1, 6]);
  });

  it('is refused when as many wait as may, and told when to come again', async () => {
    await open({ maxWaiting: 3 });
    const first = search();
    await gate.reached();
    const waiting = [1, 2, 3].map(i => search(filled.pictures[i]));
    await untilWaiting(3);
    const refused = await search(filled.pictures[4]);
    expectProblem(refused, 'overloaded');
    expect(refused.headers['retry-after']).toBe('1');
    const picture = await createPicture('refused');
    const adding = await request(filled.app)
      .post(`${collection}/items`)
      .set('Content-Type', 'image/png')
      .send(picture);
    expectProblem(adding, 'overloaded');
    const batch = {
      searches: [{ query: { itemId: 1 } }, { query: { image: { base64: picture.toString('base64') } } }],
    };
    expectProblem(await request(filled.app).post(`${collection}/search/batch`).send(batch), 'overloaded');
    // What needs no model is answered.
    await request(filled.app)
      .post(`${collection}/search`)
      .send({ query: { itemId: 1 } })
      .expect(200);
    gate.stayOpen();
    for (const answer of await Promise.all([first, ...waiting])) expect(answer.status).toBe(200);
    expect((await search(filled.pictures[4])).status).toBe(200);
  });

  it('that was accepted is finished when the server stops', async () => {
    const stopping = new AbortController();
    await open({ stopping: stopping.signal });
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
    const { url } = server;
    const send = (path: string, picture: Buffer) =>
      fetch(`${url}${collection}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
        body: new Uint8Array(picture),
      });
    const searching = send('/search?k=1', filled.pictures[3]);
    await gate.reached();
    const adding = send('/items?key=last', await createPicture('last'));
    await untilWaiting(1);
    stopping.abort();
    const closed = server.close({ deadlineMs: 60_000 });
    await expect(fetch(url)).rejects.toThrow();
    gate.stayOpen();
    const [found, added] = [await searching, await adding];
    expect([found.status, found.headers.get('connection')]).toEqual([200, 'close']);
    expect(await found.json()).toMatchObject({ results: [{ item: { id: 4 } }] });
    expect(await added.json()).toMatchObject({ outcomes: [{ status: 'added' }] });
    await closed;
    const { items } = (await filled.gallery.collection('default')).listItems({ limit: 100 });
    expect(items.at(-1)?.key).toBe('last');
  });
});
