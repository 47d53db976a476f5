import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { CollectionRow } from '../../src/catalog/rows.js';
import type { CommandContext, CommandResult } from '../../src/commands/command.js';
import { serve } from '../../src/commands/serve.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { startMedoid } from '../fixtures/run-medoid.js';
import { createTinyModel } from '../fixtures/tiny-model.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

interface Address {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

describe('serve', () => {
  let filled: FilledGallery;
  beforeAll(async () => {
    filled = await createFilledGallery();
  });
  afterAll(() => filled.remove());

  /** Runs the command as the command line does, until `stop`. */
  const run = (options: Record<string, string | boolean>) => {
    const controller = new AbortController();
    const reports: string[] = [];
    let ended: Promise<CommandResult | undefined> | undefined;
    const answered = new Promise<CommandResult>((resolve, reject) => {
      const context: CommandContext = {
        signal: controller.signal,
        json: true,
        report: line => void reports.push(line),
        answer: resolve,
      };
      const input = serve.options.parse({ gallery: filled.directory, logLevel: 'silent', ...options });
      ended = serve.run(input, context);
      ended.catch(reject);
    });
    const stop = async () => {
      controller.abort();
      return ended;
    };
    return { answered, reports, stop };
  };

  it('says where it serves, answers there, and ends without an answer when stopped', async () => {
    const { answered, reports, stop } = run({ port: '0' });
    const { json, text, exitCode } = await answered;
    const { url, host, port } = json as Address;
    expect(json).toEqual({ url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port });
    expect([text, exitCode]).toEqual([`Medoid serves 1 collection at ${url}`, undefined]);
    expect([host, reports.filter(line => line.includes('key'))]).toEqual(['127.0.0.1', []]);
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await stop()).toBeUndefined();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('serves what is indexed beside it, when it only reads', async () => {
    const { answered, stop } = run({ port: '0', readOnly: true });
    const { url } = (await answered).json as Address;
    const writer = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    const picture = await createPicture('new');
    await (await writer.collection('default')).add([{ key: 'new.png', image: picture }]);
    const response = await fetch(`${url}/v1/collections/default/search?k=1`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: new Uint8Array(picture),
    });
    expect(await response.json()).toMatchObject({ results: [{ item: { key: 'new.png' } }] });
    await writer.close();
    await stop();
  });

  it('serves at once, exactly, while an index that is off is built anew, and says so', async () => {
    const own = await createFilledGallery({ count: 3 });
    const catalog = Catalog.open(join(own.directory, 'catalog.sqlite'), { access: 'write' });
    const { id, dimension } = catalog.findCollection('default') as CollectionRow;
    const image = { imageSha256: 'a'.repeat(64), format: 'png', width: 4, height: 3, bytes: 100 };
    const many = createUnitVectors(30_000, dimension);
    catalog.transaction(() => {
      for (const { id: number, vector: embedding } of many) {
        catalog.addItem(id, `many-${number}`, { ...image, embedding, label: 'many', metadata: {} });
      }
    });
    catalog.close();
    await writeFile(join(own.directory, 'index', '1.hnsw'), 'no graph');
    const { answered, reports, stop } = run({ port: '0', gallery: own.directory });
    const { url } = (await answered).json as Address;
    const readiness = async () => (await fetch(`${url}/readyz`)).json();
    await expect.poll(readiness, { interval: 5, timeout: 30_000 }).toEqual({
      status: 'ready',
      collections: [{ name: 'default', status: 'indexing', detail: 'the index is built anew' }],
    });
    const response = await fetch(`${url}/v1/collections/default/search`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: { vector: [...many[16].vector] }, k: 1 }),
    });
    expect(await response.json()).toMatchObject({
      results: [{ item: { key: 'many-17' }, distance: expect.closeTo(0, 6) }],
    });
    expect(reports.find(line => line.includes('built anew'))).toMatch(
      /^default: the index is built anew .* exact meanwhile: .*1\.hnsw: /,
    );
    await expect
      .poll(readiness, { timeout: 60_000 })
      .toMatchObject({ collections: [{ status: 'ready', detail: 'the index was built anew' }] });
    expect(reports.at(-1)).toMatch(/^default: the index of 30003 items was built in \d+\.\d s$/);
    await stop();
    await own.remove();
  });

  it('refuses a port that is taken, naming it, and leaves the gallery closed', async () => {
    const { answered, stop } = run({ port: '0' });
    const { port } = (await answered).json as Address;
    const second = run({ port: String(port), readOnly: true }).answered;
    await expect(second).rejects.toMatchObject({ code: 'address-in-use' });
    await expect(second).rejects.toThrow(`port ${port}`);
    await stop();
  });

  it('asks for keys when other machines can reach it, and warns when it was told not to', async () => {
    const guarded = run({ port: '0', host: '0.0.0.0' });
    const { port } = (await guarded.answered).json as Address;
    expect((await fetch(`http://127.0.0.1:${port}/v1/collections`)).status).toBe(401);
    expect(guarded.reports.join('\n')).toMatch(/no key is valid yet.*medoid keys create/);
    await guarded.stop();
    const open = run({ port: '0', host: '0.0.0.0', auth: 'off' });
    await open.answered;
    expect(open.reports.join('\n')).toMatch(
      /warning: 0\.0\.0\.0 may be reached .* nobody is asked for a key/,
    );
    await open.stop();
  });

  it('refuses to write beside another writer', async () => {
    const writer = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    await expect(run({ port: '0' }).answered).rejects.toMatchObject({ code: 'gallery-locked' });
    await writer.close();
  });

  it('says that there is no gallery', async () => {
    const { answered } = run({ port: '0', gallery: join(filled.folder, 'nowhere') });
    await expect(answered).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('refuses ports that are none', () => {
    const parse = (port: string) => serve.options.safeParse({ gallery: 'x', port }).success;
    expect(['0', '65535'].map(parse)).toEqual([true, true]);
    expect(['-1', '65536', '80.5', 'http', ''].map(parse)).toEqual([false, false, false, false, false]);
  });

  it('reports a broken collection and serves the others, and does not start with broken ones alone', async () => {
    const own = await createFilledGallery({ count: 3 });
    const gallery = await Gallery.open(own.directory, { access: 'write', threads: 1 });
    const other = await createTinyModel(join(own.folder, 'other'), { name: 'other', seed: 1 });
    const { modelId } = await gallery.createCollection('other', other);
    await gallery.close();
    await rm(join(own.directory, 'models', modelId), { recursive: true });
    const { answered, reports, stop } = run({ port: '0', gallery: own.directory });
    expect((await answered).text).toMatch(/serves 1 collection at/);
    expect(reports.join('\n')).toMatch(/other cannot be served: file-not-found/);
    await stop();
    await rm(join(own.directory, 'models'), { recursive: true });
    await expect(run({ port: '0', gallery: own.directory }).answered).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await own.remove();
  });

  it('is a program that ends with 0 on SIGTERM', async () => {
    const running = startMedoid(['serve', '--gallery', filled.directory, '--port', '0', '--json']);
    const [, answer] = await running.seen(/^({"url":.*})$/m);
    const { url } = JSON.parse(answer) as Address;
    await fetch(`${url}/healthz`, { headers: { 'X-Request-Id': 'seen-in-log' } });
    running.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await running.finished;
    expect([exitCode, stdout.trim().split('\n').length]).toEqual([0, 1]);
    const line = stderr.split('\n').find(text => text.includes('seen-in-log')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      req: { id: 'seen-in-log', method: 'GET', url: '/healthz' },
      res: { statusCode: 200 },
    });
  });
});
