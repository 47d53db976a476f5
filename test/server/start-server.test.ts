import { once } from 'node:events';
import { Agent, get, type RequestListener, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/server/start-server.js';

const withCode = (code: string) => expect.objectContaining({ code });

describe('startServer', () => {
  const running: RunningServer[] = [];
  const start = async (app: RequestListener, port = 0): Promise<RunningServer> => {
    const server = await startServer(app, { host: '127.0.0.1', port });
    running.push(server);
    return server;
  };
  /** Answers nothing until it is told to. */
  const startHolding = async () => {
    let arrived: (response: ServerResponse) => void;
    const response = new Promise<ServerResponse>(resolve => {
      arrived = resolve;
    });
    const server = await start((incoming, outgoing) => {
      incoming.resume();
      arrived(outgoing);
    });
    return { server, response };
  };

  afterEach(async () => {
    for (const server of running.splice(0)) await server.close({ deadlineMs: 0 }).catch(() => undefined);
  });

  it('chooses a port when 0 is asked for, and frees it when it closes', async () => {
    const server = await start((_, response) => void response.end('hello'));
    expect(server.port).toBeGreaterThan(0);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await (await fetch(server.url)).text()).toBe('hello');
    await server.close({ deadlineMs: 1000 });
    await expect(fetch(server.url)).rejects.toThrow();
    await start((_, response) => void response.end(), server.port);
  });

  it('puts an IPv6 address in brackets', async () => {
    const server = await startServer((_, response) => void response.end('hello'), { host: '::1', port: 0 });
    running.push(server);
    expect(server.url).toBe(`http://[::1]:${server.port}`);
    expect((await fetch(server.url)).status).toBe(200);
  });

  it('says that a port is taken, or an address not one of its own', async () => {
    const { port } = await start((_, response) => void response.end());
    await expect(start(() => undefined, port)).rejects.toThrow(withCode('address-in-use'));
    await expect(start(() => undefined, port)).rejects.toThrow(`127.0.0.1, port ${port}`);
    const elsewhere = startServer(() => undefined, { host: '192.0.2.1', port: 0 });
    await expect(elsewhere).rejects.toThrow(withCode('invalid-option'));
  });

  it('finishes an answer that is under way, and takes no new connection meanwhile', async () => {
    const { server, response } = await startHolding();
    const answer = fetch(server.url);
    const outgoing = await response;
    const closing = server.close({ deadlineMs: 60_000 });
    const refused = connect(server.port, '127.0.0.1');
    await expect(once(refused, 'connect')).rejects.toThrow('ECONNREFUSED');
    outgoing.end('late');
    expect(await (await answer).text()).toBe('late');
    await closing;
  });

  it('sends a large answer to its end, though it was handed over before', async () => {
    const size = 30_000_000;
    const server = await start((_, response) => void response.end(Buffer.alloc(size, 1)));
    const [incoming] = await once(get(server.url), 'response');
    const closing = server.close({ deadlineMs: 60_000 });
    let received = 0;
    for await (const chunk of incoming) received += chunk.length;
    expect(received).toBe(size);
    await closing;
  });

  it('does not wait for connections that are idle or ask for nothing', async () => {
    const server = await start((_, response) => void response.end());
    const agent = new Agent({ keepAlive: true });
    const [incoming] = await once(get(server.url, { agent }), 'response');
    await once(incoming.resume(), 'end');
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.write('GET / HT');
    // Waiting for the deadline would outlast the test.
    await server.close({ deadlineMs: 10 * 60_000 });
    agent.destroy();
    silent.destroy();
  });

  it('does not wait for an answer that nobody waits for', async () => {
    const { server, response } = await startHolding();
    const asking = get(server.url);
    const failed = once(asking, 'response');
    await response;
    asking.destroy();
    await expect(failed).rejects.toThrow();
    // Waiting for the deadline would outlast the test.
    await server.close({ deadlineMs: 10 * 60_000 });
  });

  it('cuts off what is not done at the deadline', async () => {
    const { server, response } = await startHolding();
    const upload = request(server.url, { method: 'POST', headers: { 'Content-Length': 100 } });
    upload.write('half');
    const failed = once(upload, 'response');
    await response;
    await server.close({ deadlineMs: 50 });
    await expect(failed).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});
