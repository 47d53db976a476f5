import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import request, { type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { defaultImageLimits } from '../../src/images/limits.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const path = '/v1/collections/default/search';
const maxImageBytes = 20_000;

/** One part of a form, written by hand so that it may be wrong. */
const formOf = (parts: readonly string[], { end = '--x--\r\n' } = {}): string =>
  parts.map(part => `--x\r\n${part}\r\n`).join('') + end;
const filePart = (name: string, content: string): string =>
  `Content-Disposition: form-data; name="${name}"; filename="a.png"\r\n\r\n${content}`;
/** What a browser sends for a file input that was left empty. */
const unchosen =
  'Content-Disposition: form-data; name="image"; filename=""\r\nContent-Type: application/octet-stream';
const textPart = (name: string, content: string): string =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${content}`;

describe('an upload', () => {
  let filled: FilledApp;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    filled = await openFilledApp({ maxImageBytes });
    server = createServer(filled.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.close();
    await filled.remove();
  });

  const post = (): Test => request(url).post(path);
  const postForm = (body: string, type = 'multipart/form-data; boundary=x'): Test =>
    post().set('Content-Type', type).send(body);

  const forms: [string, string, string, ErrorCode, RegExp, (string | undefined)?][] = [
    ['no part', formOf([]), '', 'missing-image', /no file in the field "image"/, 'image'],
    [
      'no chosen file',
      formOf([`${unchosen}\r\n\r\n`]),
      '',
      'missing-image',
      /no file in the field "image"/,
      'image',
    ],
    ['an empty file', formOf([filePart('image', '')]), '', 'missing-image', /got 0 bytes/, 'image'],
    ['the image as text', formOf([textPart('image', 'x')]), '', 'missing-image', /as text/, 'image'],
    ['another field', formOf([filePart('file', 'x')]), '', 'invalid-request', /got a field "file"/, 'file'],
    [
      'a parameter in the form',
      formOf([filePart('image', 'x'), textPart('k', '5')]),
      '',
      'invalid-request',
      /got a field "k"/,
      'k',
    ],
    [
      'too many files',
      formOf(Array.from({ length: 17 }, () => filePart('image', 'x'))),
      '',
      'invalid-request',
      /at most 16 files, got more/,
      'image',
    ],
    [
      'a hundred fields',
      formOf(Array.from({ length: 100 }, (_, i) => textPart(`f${i}`, 'x'))),
      '',
      'invalid-request',
      /Too many fields/,
    ],
    [
      'a long field',
      formOf([textPart('note', 'x'.repeat(50_000))]),
      '',
      'invalid-request',
      /got a field "note"/,
    ],
    [
      'nested fields',
      formOf([textPart('a[b][c]', 'x'), textPart('__proto__[x]', '1')]),
      '',
      'invalid-request',
      /nesting/,
    ],
    [
      'a field named __proto__',
      formOf([textPart('__proto__', 'x')]),
      '',
      'invalid-request',
      /field "__proto__"/,
    ],
    [
      'a field without a name',
      formOf(['Content-Disposition: form-data\r\n\r\nx']),
      '',
      'invalid-request',
      /Field name missing/,
    ],
    [
      'no boundary',
      formOf([filePart('image', 'x')]),
      'multipart/form-data',
      'invalid-request',
      /Boundary not found/,
    ],
    [
      'no end',
      formOf([filePart('image', 'x')], { end: '' }),
      '',
      'invalid-request',
      /Unexpected end of form/,
    ],
    [
      'a header that is cut',
      `--x\r\nContent-Disposition: form-data; name="im`,
      '',
      'invalid-request',
      /cannot be read/,
    ],
    ['no form at all', 'hello', '', 'invalid-request', /Unexpected end of form/],
    [
      'another kind of multipart',
      formOf([filePart('image', 'x')]),
      'multipart/mixed; boundary=x',
      'unsupported-media-type',
      /got multipart\/mixed/,
    ],
  ];
  it.each(forms)('refuses a form with %s', async (_, body, type, code, detail, field) => {
    const response = await (type === '' ? postForm(body) : postForm(body, type));
    expectProblem(response, code);
    expect(response.body.detail).toMatch(detail);
    if (field !== undefined) expect(response.body.field).toBe(field);
  });

  const bodies: [string, string | undefined, string | Buffer, ErrorCode, RegExp][] = [
    ['no body', undefined, '', 'missing-image', /field "image".*got no body/],
    ['an empty body', 'image/png', '', 'missing-image', /got no body|got 0 bytes/],
    ['JSON that is none', 'application/json', '{"image":', 'invalid-request', /expected JSON/],
    [
      'JSON of another kind',
      'application/json',
      '{"image":"…"}',
      'invalid-request',
      /^query: expected object, got nothing$/,
    ],
    ['packed JSON', 'application/json; charset=utf-16', 'x', 'invalid-request', /expected JSON/],
    [
      'what curl sends by itself',
      'application/x-www-form-urlencoded',
      'x',
      'unsupported-media-type',
      /multipart\/form-data .* got application\/x-www-form-urlencoded/,
    ],
    ['an odd type', 'image', 'x', 'unsupported-media-type', /got image/],
    ['text', 'text/plain', 'x', 'unsupported-media-type', /got text\/plain/],
    ['no picture', 'image/png', 'hello', 'unsupported-image', /none of these/],
    [
      'an SVG',
      'image/svg+xml',
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'unsupported-image',
      /none of these/,
    ],
  ];
  it.each(bodies)('refuses %s', async (_, type, body, code, detail) => {
    const test = type === undefined ? post() : post().set('Content-Type', type);
    const response = await (body === '' ? test : test.send(body));
    expectProblem(response, code);
    expect(response.body.detail).toMatch(detail);
  });

  it.each([
    'multipart/form-data; boundary=B;',
    'multipart/form-data;',
    'multipart/form-data; boundary',
    'multipart/form-data; boundary=',
    'multipart/form-data; a b',
    'multipart/form-data; boundary=B, x',
  ])('refuses a form that calls itself %s', async type => {
    expectProblem(await post().set('Content-Type', type).send('x'), 'invalid-request');
  });

  it('refuses a packed SVG of many elements at once, without unpacking it', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg">${'<g><rect/></g>'.repeat(450_000)}</svg>`;
    const before = process.memoryUsage().rss;
    const response = await post().set('Content-Type', 'image/jpeg').send(gzipSync(svg));
    expectProblem(response, 'unsupported-image');
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('is not kept from being read by others that announce much and send nothing', async () => {
    const { maxBytes } = defaultImageLimits;
    const large = await openFilledApp();
    const largeServer = createServer(large.app).listen(0, '127.0.0.1');
    await once(largeServer, 'listening');
    const { port } = largeServer.address() as AddressInfo;
    const sockets = Array.from({ length: 40 }, () => {
      const socket = connect(port, '127.0.0.1');
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: ${maxBytes}`;
      socket.write(`${head}\r\n\r\nabc`);
      return socket;
    });
    await Promise.all(sockets.map(socket => once(socket, 'connect')));
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: new Uint8Array(large.pictures[0]),
    });
    expect(answer.status).toBe(200);
    for (const socket of sockets) socket.destroy();
    largeServer.close();
    await large.remove();
  });

  it('answers at once, without reading it, to a body that says it is too large', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 2000000000\r\n\r\nabc`,
    );
    const [data] = await once(socket, 'data');
    expect(String(data)).toMatch(/^HTTP\/1\.1 413 /);
    expect(String(data)).toMatch(/\r\nConnection: close\r\n/);
    socket.destroy();
  });

  it('refuses an empty body that says its length, and one of no declared kind', async () => {
    const empty = await post().set('Content-Type', 'image/png').set('Content-Length', '0');
    expectProblem(empty, 'missing-image');
    const body = new Uint8Array(filled.pictures[0]);
    const response = await fetch(`${url}${path}`, { method: 'POST', body });
    const { detail } = (await response.json()) as { detail: string };
    expect(response.status).toBe(415);
    expect(detail).toMatch(/got no Content-Type$/);
  });

  it('takes an image of exactly the limit, and not one byte more', async () => {
    const padded = (length: number): Buffer =>
      Buffer.concat([filled.pictures[0], Buffer.alloc(length - filled.pictures[0].length)]);
    const senders = [
      (image: Buffer) => post().set('Content-Type', 'image/png').send(image),
      (image: Buffer) => post().attach('image', image, 'a.png'),
    ];
    for (const send of senders) {
      expect((await send(padded(maxImageBytes))).status).toBe(200);
      for (const length of [maxImageBytes + 1, 3_000_000]) {
        const response = await send(padded(length));
        expectProblem(response, 'payload-too-large');
        expect(response.body.detail).toMatch(
          /^expected an? (image of at most 20000|form of at most 80000) bytes$/,
        );
      }
    }
  });

  it('counts the bytes of a body that does not say its length', async () => {
    const sendChunks = (length: number) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
        body: new Blob([filled.pictures[0], new Uint8Array(length - filled.pictures[0].length)]).stream(),
        duplex: 'half',
      });
    expect((await sendChunks(maxImageBytes)).status).toBe(200);
    expect((await sendChunks(maxImageBytes + 1)).status).toBe(413);
  });

  it('refuses a compressed body instead of unpacking it', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    const response = await post().set('Content-Type', 'image/png').set('Content-Encoding', 'gzip').send(bomb);
    expectProblem(response, 'unsupported-media-type');
    expect(response.body.detail).toMatch(/without Content-Encoding/);
  });

  it.each(['image/png', 'multipart/form-data; boundary=x'])(
    'goes on after an upload of %s that was broken off',
    async type => {
      filled.logged.length = 0;
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      const start = type.startsWith('image')
        ? 'abc'
        : '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc';
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 9999\r\n\r\n${start}`,
      );
      await once(socket, 'connect');
      await delay(50);
      socket.destroy();
      await expect.poll(() => filled.logged.length).toBe(1);
      expect(filled.logged[0]).not.toMatch(/"level":50/);
      await post().set('Content-Type', 'image/png').send(filled.pictures[0]).expect(200);
    },
  );
});
