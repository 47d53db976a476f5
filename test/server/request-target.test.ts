import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRequestTarget } from '../../src/server/request-target.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

describe('the first line of a request', () => {
  const targets: [string, string | undefined, string?][] = [
    ['/v1/jobs?limit=1', '/v1/jobs?limit=1'],
    ['*', '*'],
    ['http://localhost:80/v1/jobs?limit=1#x', '/v1/jobs?limit=1', 'localhost'],
    ['HTTPS://user@A.example:8080', '/', 'a.example:8080'],
    ['/healthz#x', '/healthz'],
    ['//a@[/#', '//a@[/'],
    ['http://[::1/', undefined],
    ['http://', undefined],
    ['ftp://a.example/', undefined],
    ['localhost:80', undefined],
    ['', undefined],
  ];
  it.each(targets)('%s asks for %s', (target, path, host) => {
    const parsed = parseRequestTarget(target);
    expect([parsed?.path, parsed?.host]).toEqual([path, host]);
  });
});

describe('a server', () => {
  let filled: FilledApp;
  let server: RunningServer;

  beforeAll(async () => {
    filled = await openFilledApp({ count: 1 });
    server = await startServer(filled.app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await server.close({ deadlineMs: 1000 });
    await filled.remove();
  });

  const ask = async (target: string): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on('data', chunk => chunks.push(chunk));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  };

  it('answers to its whole address as to the path alone', async () => {
    expect(await ask('http://localhost/healthz')).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}$/s);
  });

  it.each(['http://[::1/', 'ftp://a.example/'])(
    'refuses %s as Node refuses what is no HTTP',
    async target => {
      expect(await ask(target)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(?!.*<html).*\r\n\r\n0?\s*$/s);
    },
  );

  it('says itself that there is no such path', async () => {
    expect(await ask('//a@[/#')).toMatch(/^HTTP\/1\.1 404 .*x-request-id.*"code":"not-found"/is);
  });
});
