import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createImageFetcher,
  type ImageFetcher,
  type ImageFetcherOptions,
} from '../../src/images/fetch-image.js';
import { createPicture } from '../fixtures/images.js';

const loopback = '127.0.0.1';

interface RunningServer {
  readonly port: number;
  readonly url: string;
  /** All there ever were. */
  readonly sockets: readonly Socket[];
}

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listen(server: Server): Promise<RunningServer> {
  const sockets: Socket[] = [];
  server.on('connection', socket => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  await once(server.listen(0, loopback), 'listening');
  const { port } = server.address() as AddressInfo;
  cleanUps.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(done => server.close(done));
  });
  return { port, url: `http://${loopback}:${port}/`, sockets };
}

const serve = (listener: RequestListener): Promise<RunningServer> => listen(createHttpServer(listener));

/** Answers every connection with these bytes, and whatever else `goOn` does. */
const serveRaw = (text: string, goOn: (socket: Socket) => void): Promise<RunningServer> =>
  listen(
    createTcpServer(socket => {
      socket.once('data', () => {
        socket.write(text);
        goOn(socket);
      });
    }),
  );

/** One that may fetch from the given server alone. */
function fetcherFor({ port }: RunningServer, options: ImageFetcherOptions = {}): ImageFetcher {
  const allowAddress = (address: string): boolean => address === loopback;
  const fetcher = createImageFetcher({ allowedPorts: [port], allowAddress, ...options });
  cleanUps.push(() => fetcher.close());
  return fetcher;
}

const isClosed = async (socket: Socket): Promise<boolean> => {
  if (!socket.destroyed) await new Promise(done => socket.once('close', done));
  return socket.destroyed;
};

const head = 'HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n';

describe('fetching an image', () => {
  it('answers its bytes, and closes the connection', async () => {
    const picture = await createPicture(1);
    const server = await serve((_, response) => response.end(picture));
    const fetcher = fetcherFor(server);
    expect(await fetcher.fetch(server.url)).toEqual(picture);
    expect(await fetcher.fetch(`${server.url}again?x=1#part`)).toEqual(picture);
    expect(server.sockets).toHaveLength(2);
    for (const socket of server.sockets) expect(await isClosed(socket)).toBe(true);
  });

  it('says who asks and nothing else: no cookies, no referrer', async () => {
    const asked: Record<string, unknown>[] = [];
    const server = await serve((request, response) => {
      asked.push({ ...request.headers, path: request.url });
      if (request.url === '/a?b=c') {
        response.writeHead(302, { location: '/next', 'set-cookie': 'spy=1' }).end();
      } else response.end('picture');
    });
    await fetcherFor(server).fetch(`${server.url}a?b=c`);
    const headers = {
      host: `${loopback}:${server.port}`,
      'user-agent': 'medoid',
      accept: 'image/*',
      'accept-encoding': 'identity',
      connection: 'close',
    };
    expect(asked).toEqual([
      { ...headers, path: '/a?b=c' },
      { ...headers, path: '/next' },
    ]);
  });

  it('asks no proxy, whatever the environment says', async () => {
    const server = await serve((_, response) => response.end('picture'));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, 'http://127.0.0.1:1');
    try {
      expect(String(await fetcherFor(server).fetch(server.url))).toBe('picture');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('follows five redirects, and not six', async () => {
    const server = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('picture');
      else
        response.writeHead([301, 302, 303, 307, 308][left % 5], { location: `./${left - 1}` }).end('moved');
    });
    const fetcher = fetcherFor(server);
    expect(String(await fetcher.fetch(`${server.url}5`))).toBe('picture');
    const more = fetcher.fetch(`${server.url}6`);
    await expect(more).rejects.toMatchObject({ code: 'fetch-failed', field: 'url' });
    await expect(more).rejects.toThrow('at most 5 redirects');
    for (const socket of server.sockets) expect(await isClosed(socket)).toBe(true);
  });

  it('goes round no circle', async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
    await expect(fetcherFor(server).fetch(server.url)).rejects.toMatchObject({ code: 'fetch-failed' });
    expect(server.sockets).toHaveLength(6);
  });

  it('asks by name where it connects by address, also of TLS', async () => {
    const hosts: unknown[] = [];
    const server = await serve((request, response) =>
      response.end(hosts.push(request.headers.host) && 'picture'),
    );
    const resolve = async (): Promise<string[]> => [loopback];
    await fetcherFor(server, { resolve }).fetch(`http://pictures.example:${server.port}/`);
    expect(hosts).toEqual([`pictures.example:${server.port}`]);

    const names: string[] = [];
    const SNICallback = (name: string, done: (error: Error) => void): void => {
      names.push(name);
      done(new Error('no certificate'));
    };
    const secure = await listen(createTlsServer({ SNICallback }));
    const fetching = fetcherFor(secure, { resolve }).fetch(`https://pictures.example:${secure.port}/`);
    await expect(fetching).rejects.toMatchObject({ code: 'fetch-failed' });
    expect(names).toEqual(['pictures.example']);
  });

  it('tries the next address of a host where one is dead', async () => {
    const server = await serve((_, response) => response.end('picture'));
    const fetcher = fetcherFor(server, {
      resolve: async () => ['127.0.0.9', loopback],
      allowAddress: address => address.startsWith('127.0.0.'),
    });
    expect(String(await fetcher.fetch(`http://pictures.example:${server.port}/`))).toBe('picture');
  });
});

describe('an address that may not be fetched', () => {
  const refusal = { code: 'url-not-allowed', field: 'url' };

  it.each([
    ...[
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '0177.0.0.1',
      '2130706433',
      '0x7f000001',
      '0',
      '0.0.0.0',
      '127.0.0.1.',
    ],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]'],
    ...['[2002:7f00:1::]', '[2001:0:7f00:1::]', '[fd00::1]', '[fe80::1]', '[ff02::1]', '[2001:db8::1]'],
    ...['10.0.0.1', '192.168.0.1', '100.64.0.1', '169.254.169.254', '224.0.0.1', '255.255.255.255'],
    ...['１２７.０.０.１', '①②⑦.⓪.⓪.①', 'localhost', 'LOCALHOST', '%6cocalhost'],
  ])('is %s', async host => {
    const server = await serve((_, response) => response.end('secret'));
    const fetcher = createImageFetcher({ allowedPorts: [server.port], timeoutMs: 5_000 });
    const fetching = fetcher.fetch(`http://${host}:${server.port}/`);
    await expect(fetching).rejects.toMatchObject(refusal);
    await expect(fetching).rejects.toThrow(
      'expected a host with addresses of the public internet only, got one with others or none',
    );
    expect(server.sockets).toHaveLength(0);
  });

  it.each([
    'file:///etc/passwd',
    'ftp://example.org/a.png',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    'blob:https://example.org/1',
    'gopher://example.org/',
    'ws://example.org/',
    'pictures/1.png',
    '//example.org/a.png',
    'http://',
    'http://[::1',
    '',
  ])('is of another scheme, or none: %s', async url => {
    await expect(createImageFetcher().fetch(url)).rejects.toMatchObject(refusal);
  });

  it.each(['http://user:secret@example.org/', 'http://user@example.org/', 'http://:secret@example.org/'])(
    'has credentials, which the refusal does not repeat: %s',
    async url => {
      const fetching = createImageFetcher().fetch(url);
      await expect(fetching).rejects.toMatchObject(refusal);
      await expect(fetching).rejects.toThrow(
        /^expected a URL without a user name or password, got one with$/,
      );
    },
  );

  it.each(['http://example.org:22/', 'https://example.org:6379/', 'http://example.org:0/'])(
    'has another port: %s',
    async url => {
      await expect(createImageFetcher().fetch(url)).rejects.toThrow(/expected port 80 or 443, got \d+/);
    },
  );

  it.each([
    'http://127.0.0.2/',
    'http://10.0.0.1/latest/meta-data',
    'http://[::1]/',
    '//169.254.169.254/',
    'file:///etc/passwd',
    'http://user:secret@127.0.0.1/',
    'http://127.0.0.1:22/',
  ])('is not fetched by way of a redirect either: %s', async location => {
    const server = await serve((_, response) => response.writeHead(302, { location }).end());
    const fetcher = fetcherFor(server, { allowedPorts: [80, server.port] });
    await expect(fetcher.fetch(server.url)).rejects.toMatchObject(refusal);
  });

  it('is found out when DNS answers otherwise the second time', async () => {
    const answers = [[loopback], ['127.0.0.2']];
    const resolve = vi.fn(async () => answers.shift() ?? []);
    const server = await serve((_, response) => response.writeHead(302, { location: '/again' }).end());
    const fetcher = fetcherFor(server, { resolve });
    await expect(fetcher.fetch(`http://rebinding.example:${server.port}/`)).rejects.toMatchObject(refusal);
    expect(server.sockets).toHaveLength(1);
    expect(resolve).toHaveBeenCalledTimes(2);
  });

  it('is looked up once for a connection: what was checked is what is dialled', async () => {
    const answers = [[loopback], ['127.0.0.2']];
    const resolve = vi.fn(async () => answers.shift() ?? []);
    const server = await serve((_, response) => response.end('picture'));
    const fetcher = fetcherFor(server, { resolve });
    expect(String(await fetcher.fetch(`http://rebinding.example:${server.port}/`))).toBe('picture');
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['beside a good one', [loopback, '127.0.0.2']],
    ['before a good one', ['::1', loopback]],
    ['that is none', [loopback, 'localhost']],
    ['at all', []],
  ])('is a name with an address that is not allowed, %s', async (_, addresses) => {
    const server = await serve((_, response) => response.end('secret'));
    const fetcher = fetcherFor(server, { resolve: async () => addresses });
    await expect(fetcher.fetch(`http://both.example:${server.port}/`)).rejects.toMatchObject(refusal);
    expect(server.sockets).toHaveLength(0);
  });

  it('is answered alike for an inner name that exists and one that does not', async () => {
    const port = 80;
    const resolve = async (hostname: string): Promise<string[]> => {
      if (hostname === 'exists.internal') return ['10.0.0.7'];
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    const fetcher = createImageFetcher({ resolve });
    const errors = ['exists.internal', 'absent.internal'].map(host =>
      fetcher
        .fetch(`http://${host}:${port}/`)
        .catch(({ code, message, field }) => ({ code, message, field })),
    );
    const [one, other] = await Promise.all(errors);
    expect(one).toMatchObject(refusal);
    expect(one).toEqual(other);
  });
});

describe('an answer that is no picture', () => {
  it.each([204, 206, 304, 401, 404, 500])('has status %d', async status => {
    const server = await serve((_, response) => response.writeHead(status).end());
    await expect(fetcherFor(server).fetch(server.url)).rejects.toMatchObject({
      code: 'fetch-failed',
      message: `expected status 200, got ${status}`,
    });
  });

  it.each(['gzip', 'br', 'identity, gzip'])('is packed as %s', async coding => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const server = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(bomb),
    );
    await expect(fetcherFor(server).fetch(server.url)).rejects.toMatchObject({
      code: 'fetch-failed',
      message: expect.stringContaining('Content-Encoding'),
    });
  });

  it('says that it is larger than allowed: refused before it comes', async () => {
    const server = await serveRaw(`${head}Content-Length: 99999999999\r\n\r\n`, () => undefined);
    const fetcher = fetcherFor(server);
    await expect(fetcher.fetch(server.url)).rejects.toMatchObject({
      code: 'payload-too-large',
      field: 'url',
    });
    expect(await isClosed(server.sockets[0])).toBe(true);
  });

  it('never ends: refused when it is larger than allowed', async () => {
    let written = 0;
    const server = await serve((_, response) => {
      const goOn = (): void => {
        while (!response.destroyed) {
          written += 10_000;
          if (!response.write(Buffer.alloc(10_000))) break;
        }
      };
      response.on('drain', goOn);
      goOn();
    });
    const fetching = fetcherFor(server, { maxBytes: 100_000 }).fetch(server.url);
    await expect(fetching).rejects.toMatchObject({ code: 'payload-too-large' });
    expect(await isClosed(server.sockets[0])).toBe(true);
    // What the buffers of both sides hold beside it.
    expect(written).toBeLessThan(50_000_000);
  });

  it('is as large as allowed: read', async () => {
    // In chunks, which say no length.
    const server = await serve((_, response) => {
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(400));
    });
    expect(await fetcherFor(server, { maxBytes: 1000 }).fetch(server.url)).toHaveLength(1000);
    const fetching = fetcherFor(server, { maxBytes: 999 }).fetch(server.url);
    await expect(fetching).rejects.toMatchObject({ code: 'payload-too-large' });
  });

  it.each([
    ['before its length', `${head}Content-Length: 100\r\n\r\nhalf`],
    ['within a chunk', `${head}Transfer-Encoding: chunked\r\n\r\n64\r\nhalf`],
    ['within its headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['before it begins', ''],
    ['of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('ends %s', async (_, text) => {
    const server = await serveRaw(text, socket => socket.end());
    await expect(fetcherFor(server).fetch(server.url)).rejects.toMatchObject({
      code: 'fetch-failed',
      field: 'url',
    });
  });

  it('is nothing at all, as nobody listens', async () => {
    const server = await serve(() => undefined);
    const fetcher = fetcherFor(server);
    await cleanUps.splice(0, 1)[0]();
    await expect(fetcher.fetch(server.url)).rejects.toMatchObject({ code: 'fetch-failed' });
  });

  it.each([
    ['begin', '', () => undefined],
    ['end its body', `${head}Content-Length: 100\r\n\r\nhalf`, () => undefined],
    [
      'end its headers, which come a byte at a time',
      'HTTP/1.1 200 OK\r\nX-Drip: ',
      (socket: Socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      },
    ],
  ])('takes too long to %s', async (_, text, goOn) => {
    const server = await serveRaw(text, goOn);
    await expect(fetcherFor(server, { timeoutMs: 250 }).fetch(server.url)).rejects.toMatchObject({
      code: 'fetch-failed',
      message: 'expected the picture within 250 ms, got no end of it',
    });
    expect(await isClosed(server.sockets[0])).toBe(true);
  });

  it('redirects too slowly: the time is for all of it', async () => {
    const server = await serve((_, response) => {
      setTimeout(() => response.writeHead(302, { location: '/' }).end(), 100);
    });
    await expect(fetcherFor(server, { timeoutMs: 250 }).fetch(server.url)).rejects.toThrow('within 250 ms');
  });

  it('is not waited for while a name is looked up for ever', async () => {
    const server = await serve(() => undefined);
    const fetcher = fetcherFor(server, { timeoutMs: 50, resolve: () => new Promise(() => undefined) });
    const fetching = fetcher.fetch(`http://slow.example:${server.port}/`);
    await expect(fetching).rejects.toMatchObject({ code: 'fetch-failed' });
  });
});

describe('stopping', () => {
  const half = `${head}Content-Length: 100\r\n\r\nhalf`;

  it('is done by a signal, before and while it is under way', async () => {
    const server = await serveRaw(half, () => undefined);
    const fetcher = fetcherFor(server);
    await expect(fetcher.fetch(server.url, AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(server.sockets).toHaveLength(0);

    const stopping = new AbortController();
    const fetching = fetcher.fetch(server.url, stopping.signal);
    while (server.sockets.length === 0) await new Promise(setImmediate);
    stopping.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'interrupted' });
    expect(await isClosed(server.sockets[0])).toBe(true);
  });

  it('is done by closing, which waits for what is under way and refuses what comes after', async () => {
    const server = await serveRaw(half, () => undefined);
    const fetcher = fetcherFor(server);
    const fetching = fetcher.fetch(server.url).catch(error => error);
    while (server.sockets.length === 0) await new Promise(setImmediate);
    await fetcher.close();
    expect(await fetching).toMatchObject({ code: 'interrupted' });
    expect(await isClosed(server.sockets[0])).toBe(true);
    await expect(fetcher.fetch(server.url)).rejects.toMatchObject({ code: 'interrupted' });
  });
});
