import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { readFolder } from '../fixtures/read-folder.js';
import { canRun, type Running, runMedoid, type StartOptions, startMedoid } from '../fixtures/run-medoid.js';

/** For root every folder may be written to: then it is nobody who reads. */
const reader: StartOptions = process.getuid?.() === 0 ? { user: 65_534 } : {};

interface Server extends Running {
  /** Of the one collection. */
  readonly url: string;
}

describe('two processes on one gallery', () => {
  let filled: FilledGallery;
  const running: Running[] = [];
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 4 });
  });
  afterEach(async () => {
    for (const { child, finished } of running.splice(0)) {
      child.kill('SIGKILL');
      await finished;
    }
    await filled.remove();
  });

  const serveArgs = (directory: string, ...more: string[]): string[] => [
    ...['serve', '--gallery', directory, '--port', '0', '--json', ...more],
  ];
  const serve = async (directory: string, more: string[] = [], as: StartOptions = {}): Promise<Server> => {
    const started = startMedoid(serveArgs(directory, ...more), as);
    running.push(started);
    const [, answer] = await started.seen(/^({"url":.*})$/m);
    return { ...started, url: `${JSON.parse(answer).url}/v1/collections/default` };
  };
  const ask = async (url: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(url, init);
    return { status: response.status, body: await response.json() };
  };
  const withPicture = (picture: Buffer): RequestInit => ({
    method: 'POST',
    headers: { 'Content-Type': 'image/png' },
    body: new Uint8Array(picture),
  });
  const add = (url: string, key: string, picture: Buffer) =>
    ask(`${url}/items?key=${key}`, withPicture(picture));
  const nearest = async (url: string, picture: Buffer): Promise<unknown> => {
    const { body } = await ask(`${url}/search?k=1`, withPicture(picture));
    return (body as { results: { item: { key: string } }[] }).results[0].item.key;
  };

  it('refuse to write both: the second ends with 1 and says what to do, and nothing is changed', async () => {
    const { directory, folder } = filled;
    const pictures = join(folder, 'pictures');
    await mkdir(pictures);
    await writeFile(join(pictures, 'new.png'), await createPicture('new'));
    const first = await serve(directory);
    await add(first.url, 'before', await createPicture('before'));
    const before = await readFolder(directory);
    const second = [serveArgs(directory), ['index', pictures, '--gallery', directory, '--json']];
    for (const args of second) {
      const { exitCode, stdout } = await runMedoid(...args);
      expect([args[0], exitCode]).toEqual([args[0], 1]);
      const { error } = JSON.parse(stdout);
      expect(error.code).toBe('gallery-locked');
      expect(error.message).toMatch(
        /another process holds .*write\.lock: wait until it has ended, or open the gallery for reading \(serve --read-only\)/,
      );
    }
    const told = await runMedoid('index', pictures, '--gallery', directory);
    expect([told.exitCode, told.stdout]).toEqual([1, '']);
    expect(told.stderr).toMatch(/gallery-locked: another process holds .*serve --read-only/);
    expect(await readFolder(directory)).toEqual(before);
    const after = await createPicture('after');
    expect(await add(first.url, 'after', after)).toMatchObject({ status: 200 });
    expect(await nearest(first.url, after)).toBe('after');
  });

  it('may read beside one that writes, see what it has written with the next request, and write nothing', async () => {
    const first = await serve(filled.directory);
    const second = await serve(filled.directory, ['--read-only']);
    const picture = await createPicture('new');
    await add(first.url, 'new', picture);
    expect(await nearest(second.url, picture)).toBe('new');
    expect(await ask(second.url)).toMatchObject({ body: { items: 5 } });
    const refused = { status: 403, body: { code: 'read-only' } };
    expect(await add(second.url, 'other', await createPicture('other'))).toMatchObject(refused);
    expect(await ask(`${second.url}/items/1`, { method: 'DELETE' })).toMatchObject(refused);
    const headers = { 'Content-Type': 'application/json' };
    const patch = { method: 'PATCH', headers, body: '{"label":"x"}' };
    expect(await ask(`${second.url}/items/1`, patch)).toMatchObject(refused);
    await fetch(`${first.url}/items/5`, { method: 'DELETE' });
    expect(await nearest(second.url, picture)).not.toBe('new');
    expect(await ask(second.url)).toMatchObject({ body: { items: 4 } });
    second.child.kill('SIGTERM');
    expect((await second.finished).exitCode).toBe(0);
    expect(await nearest(first.url, filled.pictures[2])).toBe('picture-2.png');
  });

  it('may write one after the other, at once when the first was killed, whose last answer holds', async () => {
    const first = await serve(filled.directory);
    const reader = await serve(filled.directory, ['--read-only']);
    const picture = await createPicture('last');
    await add(first.url, 'last', picture);
    first.child.kill('SIGKILL');
    await first.finished;
    const second = await serve(filled.directory);
    expect(await nearest(second.url, picture)).toBe('last');
    const next = await createPicture('next');
    await add(second.url, 'next', next);
    expect(await nearest(reader.url, next)).toBe('next');
  });

  describe('a gallery of one that was killed, where nothing may be written', {
    skip: !canRun(reader),
  }, () => {
    let folder: string;
    let directory: string;
    let picture: Buffer;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'medoid-mounted-'));
      directory = join(folder, 'gallery');
      const first = await serve(filled.directory);
      picture = await createPicture('last');
      await add(first.url, 'last', picture);
      first.child.kill('SIGKILL');
      await first.finished;
      expect(await readdir(filled.directory)).toEqual(
        expect.arrayContaining(['catalog.sqlite-shm', 'catalog.sqlite-wal']),
      );
      await cp(filled.directory, directory, { recursive: true });
      await chmod(folder, 0o755);
    });
    const setMode = async (mode: number): Promise<void> => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      const folders = entries.filter(entry => entry.isDirectory());
      for (const entry of folders) await chmod(join(entry.parentPath, entry.name), mode);
      await chmod(directory, mode);
    };
    afterEach(async () => {
      await setMode(0o755);
      await rm(folder, { recursive: true });
    });

    it('is served for reading, with the last answer, and left as it was', async () => {
      await setMode(0o555);
      const before = await readFolder(directory);
      const server = await serve(directory, ['--read-only'], reader);
      expect(await nearest(server.url, picture)).toBe('last');
      server.child.kill('SIGTERM');
      expect((await server.finished).exitCode).toBe(0);
      expect(await readFolder(directory)).toEqual(before);
    });

    it('is refused without the index of its log, saying what to do, and read after that was done', async () => {
      await rm(join(directory, 'catalog.sqlite-shm'));
      await setMode(0o555);
      const { exitCode, stdout } = await startMedoid(serveArgs(directory, '--read-only'), reader).finished;
      expect(exitCode).toBe(1);
      const { error } = JSON.parse(stdout);
      expect(error.code).toBe('invalid-gallery');
      expect(error.message).toMatch(
        /catalog\.sqlite was not closed by .* cannot be read in a folder that may not be written to: open it once for writing/,
      );
      await setMode(0o755);
      const writer = await serve(directory);
      writer.child.kill('SIGTERM');
      await writer.finished;
      await setMode(0o555);
      const server = await serve(directory, ['--read-only'], reader);
      expect(await nearest(server.url, picture)).toBe('last');
    });
  });
});
