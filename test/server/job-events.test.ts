import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { type FilledApp, type FilledAppOptions, openFilledApp } from '../fixtures/filled-app.js';
import { beforeEmbedding, createGate, type Gate } from '../fixtures/gate.js';
import { createPicture } from '../fixtures/images.js';
import { followJob } from '../fixtures/jobs.js';
import { sendRaw } from '../fixtures/send-raw.js';

const collection = '/v1/collections/default';

interface Event {
  readonly name: string;
  readonly job: { readonly id: number; readonly state: string; readonly progress: { readonly done: number } };
}

/** As its blocks say it, without help of any library. */
function parseEvent(block: string): Event {
  const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
  return { name, job: JSON.parse(data) };
}

/** Reads events one by one. */
async function* eventsOf(incoming: IncomingMessage): AsyncGenerator<Event, void> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop() as string;
    yield* blocks.map(parseEvent);
  }
  expect(text).toBe('');
}

describe('the events of a job', () => {
  let filled: FilledApp;
  let gate: Gate;
  let server: RunningServer;
  let stopping: AbortController;

  const open = async (options: FilledAppOptions = {}): Promise<void> => {
    filled = await openFilledApp({
      ...options,
      stopping: stopping.signal,
      open: { wrapEmbedder: inner => beforeEmbedding(inner, gate.pass) },
    });
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
  };

  beforeEach(() => {
    gate = createGate();
    stopping = new AbortController();
  });
  afterEach(async () => {
    gate.stayOpen();
    await server.close({ deadlineMs: 0 });
    await filled.remove();
  });

  /** A job that stops at the gate, every 32 pictures. */
  const startGated = async (count: number): Promise<number> => {
    const pictures = await Promise.all(Array.from({ length: count }, (_, i) => createPicture(`event ${i}`)));
    const items = pictures.map((picture, i) => ({
      key: `event-${i}`,
      image: { base64: picture.toString('base64') },
    }));
    const { body } = await request(filled.app)
      .post(`${collection}/items`)
      .set('Prefer', 'respond-async')
      .send({ items })
      .expect(202);
    await gate.reached();
    return body.id;
  };
  const watch = async (id: number): Promise<IncomingMessage> => {
    const [incoming] = await once(get(`${server.url}/v1/jobs/${id}/events`, { agent: false }), 'response');
    return incoming;
  };

  it('begin with the state it has, tell of its progress, and end with it', async () => {
    await open();
    const id = await startGated(40);
    const incoming = await watch(id);
    expect([incoming.statusCode, incoming.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(incoming.headers['cache-control']).toBe('no-store');
    const events = eventsOf(incoming);
    const first = (await events.next()).value as Event;
    expect(first).toMatchObject({ name: 'running', job: { id, state: 'running' } });
    expect(first.job).toEqual((await request(filled.app).get(`/v1/jobs/${id}`)).body);
    gate.stayOpen();
    const rest: Event[] = [];
    for await (const event of events) rest.push(event);
    for (const { name, job } of rest) expect(name).toBe(job.state);
    expect(rest.at(-1)).toMatchObject({
      name: 'done',
      job: { progress: { done: 40, total: 40 }, result: { added: 40 } },
    });
    const done = rest.map(({ job }) => job.progress.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(rest.filter(({ name }) => name === 'done')).toHaveLength(1);
  });

  it('are none for HEAD, which is answered at once', async () => {
    await open();
    const id = await startGated(1);
    const text = await sendRaw(
      server.port,
      `HEAD /v1/jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    expect([text.status, text.text]).toEqual([
      200,
      expect.stringMatching(/content-type: text\/event-stream/i),
    ]);
    expect(filled.gallery.jobs.get(id).state).toBe('running');
  });

  it('are one when it has ended', async () => {
    await open();
    const { body } = await request(filled.app)
      .post(`${collection}/jobs`)
      .send({ kind: 'dedupe' })
      .expect(202);
    await followJob(filled.gallery.jobs, body.id);
    const names = [];
    for await (const { name } of eventsOf(await watch(body.id))) names.push(name);
    expect(names).toEqual(['done']);
  });

  it('end with it when it is cancelled', async () => {
    await open();
    const id = await startGated(1);
    const events = eventsOf(await watch(id));
    await events.next();
    await request(filled.app).post(`/v1/jobs/${id}/cancel`).expect(202);
    gate.stayOpen();
    const names = [];
    for await (const { name } of events) names.push(name);
    expect(names.at(-1)).toBe('cancelled');
  });

  it('outlast the time that other requests have', async () => {
    await open({ requestTimeoutMs: 2000 });
    const id = await startGated(1);
    const incoming = await watch(id);
    const events = eventsOf(incoming);
    await events.next();
    // One that does run into its time shows that as much has gone by.
    const slow = request(filled.app).post(`${collection}/search`).attach('image', filled.pictures[0], 'a');
    expect((await slow).status).toBe(503);
    gate.stayOpen();
    const names = [];
    for await (const { name } of events) names.push(name);
    expect(names.at(-1)).toBe('done');
  });

  it('go to many at once, and who leaves is not waited for', async () => {
    await open();
    const id = await startGated(1);
    const watching = await Promise.all(Array.from({ length: 10 }, () => watch(id)));
    for (const incoming of watching.slice(5)) incoming.destroy();
    gate.stayOpen();
    for (const incoming of watching.slice(0, 5)) {
      const names = [];
      for await (const { name } of eventsOf(incoming)) names.push(name);
      expect([names[0], names.at(-1)]).toEqual(['running', 'done']);
    }
  });

  it('that nobody reads hold nothing up', async () => {
    await open();
    const id = await startGated(40);
    const sleeper = connect(server.port, '127.0.0.1');
    sleeper.pause();
    sleeper.write(`GET /v1/jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    gate.stayOpen();
    const { job } = await followJob(filled.gallery.jobs, id);
    expect(job.state).toBe('done');
    sleeper.destroy();
    // Waiting for the deadline would outlast the test.
    await server.close({ deadlineMs: 10 * 60_000 });
  });

  it('end when the server takes leave, though the job goes on', async () => {
    await open();
    const id = await startGated(1);
    const events = eventsOf(await watch(id));
    expect((await events.next()).value).toMatchObject({ name: 'running' });
    stopping.abort();
    const closed = server.close({ deadlineMs: 10 * 60_000 });
    expect((await events.next()).done).toBe(true);
    await closed;
    expect(filled.gallery.jobs.get(id).state).toBe('running');
  });

  it('are for those with a key, and no lock on other keys of the same address', async () => {
    await open();
    const keys = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    const { key } = keys.create({ name: 'watcher', scopes: ['read'], rateLimit: null });
    const { gallery } = filled;
    const app = createApp({ gallery, keys, log: createLog('silent'), webDirectory: filled.folder });
    const keyed = await startServer(app, { host: '127.0.0.1', port: 0 });
    const id = await startGated(1);
    const headers = { 'X-API-Key': key };
    expect((await fetch(`${keyed.url}/v1/jobs/${id}/events`)).status).toBe(401);
    const streams = await Promise.all(
      Array.from({ length: 70 }, () => fetch(`${keyed.url}/v1/jobs/${id}/events`, { headers })),
    );
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    for (const { body } of streams) await body?.cancel();
    expect((await fetch(`${keyed.url}/v1/collections`, { headers })).status).toBe(200);
    await keyed.close({ deadlineMs: 0 });
    keys.close();
  });
});
