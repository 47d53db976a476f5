import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MedoidClient, type NewEvaluation } from '../../src/client/medoid-client.js';
import { createRandom } from '../../src/math/random.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { type Running, runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

interface Quality {
  readonly index: Record<string, unknown>;
  readonly [name: string]: unknown;
}

/** Without what is said of where it comes from. */
function metricsOf(quality: Quality): Record<string, unknown> {
  const names = ['recallAt', 'precisionAt', 'rPrecision', 'mapAtR', 'queries', 'singletons'];
  const own = [...names, 'classes', 'nmi', 'ami', 'ari', 'f1', 'worst'];
  const pick = (from: Record<string, unknown>, which: readonly string[]) =>
    Object.fromEntries(which.map(name => [name, from[name]]));
  return { ...pick(quality, own), index: pick(quality.index, [...names, 'nearestFoundAt', 'name']) };
}

describe('the evaluation of a server', () => {
  let folder: string;
  let data: string;
  let model: string;
  let server: Running;
  let url: string;
  let key: string;

  const at = (name: string): string => join(folder, name);
  const listing = (): string => join(data, 'listing.csv');
  const evaluateApi = (...options: string[]) => runMedoid('evaluate-api', '--url', url, ...options);
  const measureOnServer = async (input: NewEvaluation, collection = 'default'): Promise<Quality> => {
    const { id } = await client().startEvaluation(collection, input);
    return (await client().waitForJob(id)).result as unknown as Quality;
  };
  const client = () => new MedoidClient({ baseUrl: url, apiKey: key });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-evaluate-api-'));
    data = await createClassFolders(at('shapes'), { classes: 6, images: 10 });
    // Two large ones, and K beyond the candidates that a graph weighs at least.
    await createClassFolders(data, { classes: 2, images: 65 });
    model = await createTinyModel(at('model'));
    // Listed in no order; one of them stands there under two labels, as equally near ones do.
    const twin = join('class-03', '0.png');
    await copyFile(join(data, 'class-01', '0.png'), join(data, twin));
    const files = await readdir(data, { recursive: true });
    const lines = files.filter(name => name.endsWith('.png')).map(name => `${name},${dirname(name)}`);
    await writeFile(listing(), ['path,label', ...createRandom('listing').shuffle(lines)].join('\n'));
    for (const [source, collection] of [
      [data, 'default'],
      [listing(), 'listed'],
    ]) {
      const options = ['--gallery', at('gallery'), '--model', model, '--collection', collection];
      expect(await runMedoid('index', source, ...options)).toMatchObject({ exitCode: 0 });
    }
    key = (
      await runMedoid('keys', 'create', '--gallery', at('gallery'), '--name', 'judge', '--scope', 'admin')
    ).stdout.trim();
    await writeFile(at('key'), `${key}\n`);
    server = startMedoid([
      'serve',
      '--gallery',
      at('gallery'),
      '--port',
      '0',
      '--auth',
      'required',
      '--json',
    ]);
    [, url] = await server.seen(/"url":"([^"]+)"/);
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.finished;
    await rm(folder, { recursive: true });
  });

  it('equals that of the images to the last digit, as does the one that the server makes', async () => {
    const asked = ['--k', '1,2,4,8,165', '--seed', '5', '--worst', '4'];
    const [images, api] = [
      await runMedoid('evaluate', '--data', data, '--model', model, '--index', 'hnsw', '--json', ...asked),
      await evaluateApi('--key-file', at('key'), '--json', ...asked),
    ];
    expect([images.exitCode, api.exitCode]).toEqual([0, 0]);
    const [expected, actual] = [images, api].map(({ stdout }) => JSON.parse(stdout) as Quality);
    expect(metricsOf(actual)).toEqual(metricsOf(expected));
    expect(actual).toMatchObject({ modelId: expected.modelId, items: 170, clusteringFailure: null, gone: 0 });
    // Neither trivial nor perfect, so that it says something.
    expect(actual.mapAtR).toBeGreaterThan(0.1);
    expect(actual.mapAtR).toBeLessThan(0.9);

    const input = { ks: [1, 2, 4, 8, 165], seed: 5, worst: 4 };
    expect(metricsOf(await measureOnServer(input))).toEqual(metricsOf(expected));
  });

  it('equals that of images that were added in another order, but for what that decides', async () => {
    const dataset = ['--dataset', 'csv', '--data', listing(), '--model', model, '--index', 'hnsw'];
    const images = JSON.parse((await runMedoid('evaluate', ...dataset, '--json')).stdout);
    const options = ['--key-file', at('key'), '--collection', 'listed', '--json'];
    const api = JSON.parse((await evaluateApi(...options)).stdout);
    const made = await measureOnServer({}, 'listed');
    // The server's own clustering goes class after class, too; of other clusters the items are in the order of ids.
    const { index: _, ...expected } = metricsOf(images);
    expect(metricsOf(made)).toMatchObject(expected);
    const { nmi: _nmi, ami: _ami, ari: _ari, f1: _f1, ...exactly } = expected;
    expect(metricsOf(api)).toMatchObject({ ...exactly, index: metricsOf(made).index });
  });

  it('equals the one that the server makes of the items of a filter, some of which have no label', async () => {
    const ids: number[] = [];
    for await (const { id } of client().eachItem('default')) ids.push(id);
    const unlabelled = ids.filter((_, i) => i % 7 === 3);
    for (const id of unlabelled) await client().updateItem('default', id, { label: null });
    const filter = { field: 'id', range: { lte: ids[119] } };
    const expected = await measureOnServer({ filter });
    const { stdout } = await evaluateApi(
      '--key-file',
      at('key'),
      '--filter',
      JSON.stringify(filter),
      '--json',
    );
    const actual = JSON.parse(stdout);
    expect(actual.items).toBe(120 - unlabelled.filter(id => id <= ids[119]).length);
    expect(metricsOf(actual)).toEqual(metricsOf(expected));
    const whole = JSON.parse((await evaluateApi('--key-file', at('key'), '--json')).stdout);
    expect(metricsOf(whole)).toEqual(metricsOf(await measureOnServer({})));
    // Through the graph, which few allowed ones are not.
    expect(whole.items).toBe(170 - unlabelled.length);
  });

  it('is printed for people, with a report', async () => {
    const report = at('report.html');
    const { stdout, exitCode } = await evaluateApi(
      '--key-file',
      at('key'),
      '--worst',
      '2',
      '--report',
      report,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Recall@1 +0\.\d{4} +0\.\d{4}\n/);
    expect(stdout).toMatch(/NMI, geometric +0\.\d{4}\n/);
    expect(stdout).toMatch(/worst classes .*mistaken for\nclass-0\d .*\nclass-0\d /);
    const page = await readFile(report, 'utf8');
    expect(page).toContain('<h2>Worst classes</h2>');
    expect(page).toContain(`<dt>server</dt><dd><bdi>${url}</bdi></dd>`);
    expect(page).not.toContain(key);
  });

  /** What stands between: it lets through what `refuse` has nothing to say of. */
  const withProxy = async (
    refuse: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>,
    use: (address: string) => Promise<void>,
  ): Promise<void> => {
    const proxy = createServer(async (request, response) => {
      if (await refuse(request, response)) return;
      const body = Buffer.concat(await request.toArray());
      const { method = 'GET', headers } = request;
      const answer = await fetch(`${url}${request.url}`, {
        method,
        headers: Object.entries(headers).filter(([name]) => /^(authorization|content-type)$/.test(name)) as [
          string,
          string,
        ][],
        ...(body.length > 0 && { body }),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>(listening => proxy.listen(0, '127.0.0.1', listening));
    try {
      await use(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    } finally {
      proxy.closeAllConnections();
      await new Promise(closed => proxy.close(closed));
    }
  };
  const ask = (address: string, ...options: string[]) =>
    runMedoid('evaluate-api', '--url', address, '--key-file', at('key'), ...options);

  it('waits as long as it is asked to, and does without clusters where a server makes none', async () => {
    let busy = 3;
    const refuse = (request: IncomingMessage, response: ServerResponse): boolean => {
      if (request.url?.endsWith('/clusters')) response.writeHead(404).end('no such page');
      else if (request.url?.endsWith('/batch') && busy-- > 0) {
        response.writeHead(503, { 'retry-after': '0' }).end();
      } else return false;
      return true;
    };
    await withProxy(refuse, async address => {
      const { stdout, exitCode } = await ask(address, '--json');
      expect(exitCode).toBe(1);
      const quality = JSON.parse(stdout);
      expect(quality).toMatchObject({
        ...{ nmi: null, ami: null, ari: null, f1: null, gone: 0 },
        clusteringFailure: expect.stringMatching(/404/),
      });
      const {
        nmi: _,
        ami: __,
        ari: ___,
        f1: ____,
        ...expected
      } = metricsOf(JSON.parse((await evaluateApi('--key-file', at('key'), '--json')).stdout));
      expect(metricsOf(quality)).toMatchObject(expected);
      const forPeople = await ask(address);
      expect(forPeople.stdout).toMatch(/^No clustering: .*404/);
      expect(forPeople.stdout).not.toMatch(/NMI/);
    });
    expect(busy).toBeLessThan(0);
  });

  it('leaves out items that go while they are measured, and says how many', async () => {
    let gone: Promise<unknown> | undefined;
    const refuse = async (request: IncomingMessage): Promise<boolean> => {
      if (!request.url?.endsWith('/batch')) return false;
      // They have been listed by now, and nothing has been asked of any.
      gone ??= client().deleteItems('default', { keys: ['class-05/3.png', 'class-05/5.png'] });
      await gone;
      return false;
    };
    await withProxy(refuse, async address => {
      const { stdout, exitCode } = await ask(address, '--json');
      const { gone, items, queries, singletons } = JSON.parse(stdout);
      expect([exitCode, gone, singletons, queries]).toEqual([1, 2, 0, items - 2]);
    });
  });

  it('tells what is wrong with the server, the key or what is there', async () => {
    const failures: [string[], number, RegExp][] = [
      [['--url', url], 1, /unauthenticated: .*--key-file or from MEDOID_KEY/],
      [
        ['--url', 'http://127.0.0.1:1'],
        1,
        /server-unusable: http:\/\/127\.0\.0\.1:1: .*(ECONNREFUSED|bad port)/,
      ],
      [['--url', 'nowhere'], 2, /--url .*expected an address such as/],
      [['--url', 'ftp://127.0.0.1'], 2, /--url .*expected an address such as/],
      [['--collection', 'x'], 2, /required option '--url/],
      [['--url', url, '--key-file', at('key'), '--collection', 'none'], 1, /not-found: .*no collection none/],
      [['--url', url, '--key-file', at('nobody')], 1, /file-not-found: .*nobody/],
      [['--url', url, '--key-file', at('two')], 1, /file-unusable: .*expected one API key/],
      [['--url', url, '--k', '10001'], 2, /--k .*at most 10000/],
      [['--url', url, '--filter', '{'], 2, /--filter .*expected a filter as JSON/],
      [['--url', url, '--filter', '{"field":"colour","exists":true}'], 2, /--filter .*expected id, key/],
      [['--url', url, '--report', at('none/r.html')], 1, /file-unusable: expected a folder/],
    ];
    await writeFile(at('two'), 'one two');
    for (const [options, exitCode, pattern] of failures) {
      const failed = await runMedoid('evaluate-api', ...options);
      expect([failed.exitCode, failed.stdout], options.join(' ')).toEqual([exitCode, '']);
      expect(failed.stderr).toMatch(pattern);
    }
    await writeFile(at('wrong'), 'medoid_wrong');
    const wrong = await evaluateApi('--key-file', at('wrong'), '--json');
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'unauthenticated' } });
    const [{ modelId }] = await client().listCollections();
    await client().createCollection({ name: 'bare', modelId });
    const bare = await evaluateApi('--key-file', at('key'), '--collection', 'bare');
    expect(bare.stderr).toMatch(/invalid-dataset: expected at least 2 labels.* got 0 items/);
    const refuse = (_: IncomingMessage, response: ServerResponse): boolean => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>');
      return true;
    };
    await withProxy(refuse, async address => {
      const other = await ask(address);
      expect([other.exitCode, other.stderr]).toEqual([1, expect.stringMatching(/server-unusable: .*JSON/)]);
    });
  });

  it('stops when it is told to', async () => {
    let running: Running | undefined;
    const refuse = (request: IncomingMessage): boolean => {
      if (request.url?.endsWith('/batch')) running?.child.kill('SIGINT');
      // And is not answered.
      return request.url?.endsWith('/batch') === true;
    };
    await withProxy(refuse, async address => {
      running = startMedoid(['evaluate-api', '--url', address, '--key-file', at('key'), '--json']);
      const { exitCode, stdout } = await running.finished;
      expect(exitCode).toBe(130);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } });
    });
  });
});
