import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, MedoidClient } from '../../src/client/medoid-client.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';

const job = (state: string) => ({
  ...{ id: 1, kind: 'cluster', collection: 'default', state, progress: { done: 0, total: null } },
  ...{ result: null, error: null, createdAt: '2024-01-01T00:00:00.000Z', startedAt: null, finishedAt: null },
});

describe('what the client sends', () => {
  let server: RunningServer | undefined;
  afterEach(() => server?.close({ deadlineMs: 0 }));

  const connect = async (listener: RequestListener, options: Partial<ClientOptions> = {}) => {
    server = await startServer(listener, { host: '127.0.0.1', port: 0 });
    return new MedoidClient({ baseUrl: server.url, ...options });
  };
  const refuse = (response: ServerResponse, status: number, retryAfter?: string): void => {
    const problem = {
      type: 'urn:x',
      title: 'Too much',
      status,
      detail: 'later',
      code: 'overloaded',
      instance: 'urn:y',
    };
    if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
    response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(problem));
  };
  /** Refuses so many times, and then answers. */
  const refuseFirst = (times: number, status: number, retryAfter?: string) => {
    const bodies: string[] = [];
    const listener: RequestListener = async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      bodies.push(body);
      if (bodies.length <= times) refuse(response, status, retryAfter);
      else response.setHeader('Content-Type', 'application/json').end('{"status":"ok","outcomes":[]}');
    };
    return { listener, bodies };
  };

  it.each([429, 503])('is sent again after %d, as often as was said', async status => {
    const { listener, bodies } = refuseFirst(2, status, '0');
    const client = await connect(listener);
    expect(await client.getHealth()).toMatchObject({ status: 'ok' });
    expect(bodies).toHaveLength(3);
  });

  it('is sent whole again, pictures too', async () => {
    const { listener, bodies } = refuseFirst(1, 503, '0');
    const client = await connect(listener);
    await client.uploadItems('default', [{ key: 'a', bytes: Buffer.from('a picture') }]);
    const withoutBoundary = bodies.map(body => body.replaceAll(/-{4}formdata-\S+/g, 'x'));
    expect(withoutBoundary[0]).toContain('a picture');
    expect(withoutBoundary[1]).toBe(withoutBoundary[0]);
  });

  it.each([
    ['more refusals than retries', 3, 503, '0', {}, 3],
    ['no retries', 1, 503, '0', { retries: 0 }, 1],
    ['no word on when', 1, 503, undefined, {}, 1],
    ['a word that is no number', 1, 503, 'Fri, 01 Jan 2100 00:00:00 GMT', {}, 1],
    ['longer than one waits', 1, 429, '61', {}, 1],
    ['another failure', 1, 409, '0', {}, 1],
  ])('is not sent again: %s', async (_, times, status, retryAfter, options, sent) => {
    const { listener, bodies } = refuseFirst(times, status, retryAfter);
    const client = await connect(listener, options);
    await expect(client.getHealth()).rejects.toMatchObject({ status, code: 'overloaded', message: 'later' });
    expect(bodies).toHaveLength(sent);
  });

  it('is sent again after its time was up only if doing it twice is doing it once', async () => {
    const sent: string[] = [];
    const client = await connect((incoming, response) => {
      sent.push(incoming.method ?? '');
      incoming.resume();
      response.writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '0' });
      response.end(JSON.stringify({ code: 'timed-out', detail: 'too late' }));
    });
    const late = { code: 'timed-out' };
    await expect(client.createCollection({ name: 'a', modelId: 'm' })).rejects.toMatchObject(late);
    await expect(client.deleteCollection('a')).rejects.toMatchObject(late);
    expect(sent).toEqual(['POST', 'DELETE']);
    await expect(client.search('a', { query: { itemId: 1 } })).rejects.toMatchObject(late);
    await expect(client.getItem('a', 1)).rejects.toMatchObject(late);
    expect(sent.slice(2)).toEqual([...Array(3).fill('POST'), ...Array(3).fill('GET')]);
  });

  it('is given up while it waits to be sent again', async () => {
    const controller = new AbortController();
    const client = await connect((_, response) => {
      response.once('finish', () => setImmediate(() => controller.abort()));
      refuse(response, 503, '30');
    });
    await expect(client.getHealth({ signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('is given up while it is answered', async () => {
    const controller = new AbortController();
    let gone: Promise<unknown> | undefined;
    const client = await connect((request, response) => {
      gone = once(response, 'close');
      request.resume();
      controller.abort();
    });
    await expect(
      client.search('default', { cursor: 'a' }, { signal: controller.signal }),
    ).rejects.toMatchObject({
      name: 'AbortError',
    });
    await gone;
  });

  it('has the key and nothing else that says who asks', async () => {
    const headers: unknown[] = [];
    const client = await connect(
      (request, response) => {
        headers.push(request.headers.authorization, request.url);
        response.setHeader('Content-Type', 'application/json').end('{}');
      },
      { apiKey: 'medoid_a' },
    );
    await client.listItems('a b', { key: 'x/y', filter: { field: 'label', exists: true } });
    const filter = encodeURIComponent('{"field":"label","exists":true}');
    expect(headers).toEqual(['Bearer medoid_a', `/v1/collections/a%20b/items?key=x%2Fy&filter=${filter}`]);
  });

  it.each([
    ['a page of a proxy', 'text/html', '<h1>Bad gateway</h1>'],
    ['a problem that was cut short', 'application/problem+json', '{"code":'],
  ])('may be answered by %s', async (_, type, text) => {
    const client = await connect((__, response) =>
      response.writeHead(502, { 'Content-Type': type }).end(text),
    );
    await expect(client.getHealth()).rejects.toMatchObject({
      status: 502,
      code: 'unknown',
      message: 'the server answered with status 502',
    });
  });

  describe('to watch a job', () => {
    const event = (state: string): string => `event: ${state}\ndata: ${JSON.stringify(job(state))}\n\n`;
    const openStream = (response: ServerResponse) =>
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });

    it('is read event by event, however they are cut', async () => {
      const text = `: still here\n\n${event('running')}${event('done')}`;
      const client = await connect((_, response) => {
        openStream(response);
        for (const letter of text) response.write(letter);
        response.end();
      });
      const states = [];
      for await (const { state } of client.watchJob(1)) states.push(state);
      expect(states).toEqual(['running', 'done']);
    });

    it.each([
      ['ends too soon', (response: ServerResponse) => response.end()],
      ['breaks off', (response: ServerResponse) => setImmediate(() => response.destroy())],
    ])('is opened again when it %s, and the job waited for', async (_, leave) => {
      let streams = 0;
      const client = await connect((__, response) => {
        streams++;
        openStream(response).write(event(streams === 1 ? 'running' : 'done'));
        if (streams === 1) leave(response);
        else response.end();
      });
      expect(await client.waitForJob(1)).toMatchObject({ state: 'done' });
      expect(streams).toBe(2);
    });

    it('is given up by a signal, and closed when one looks no longer', async () => {
      const left: Promise<unknown>[] = [];
      const client = await connect((_, response) => {
        left.push(once(response, 'close'));
        openStream(response).write(event('running'));
      });
      const controller = new AbortController();
      const waiting = client.waitForJob(1, { signal: controller.signal });
      for await (const { state } of client.watchJob(1)) {
        expect(state).toBe('running');
        break;
      }
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
      await Promise.all(left);
    });
  });
});
