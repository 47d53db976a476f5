import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MedoidClient, type ProblemError } from '../../src/client/medoid-client.js';
import { hashImage } from '../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createNoise } from '../fixtures/noise.js';
import { type Running, runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { mountSmallDisk, type SmallDisk } from '../fixtures/tmpfs.js';

const canMount = process.getuid?.() === 0 && (await probe());

async function probe(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'medoid-mount-'));
  const disk = await mountSmallDisk(join(folder, 'disk'), 2 ** 20);
  disk?.unmount();
  await rm(folder, { recursive: true });
  if (disk === undefined) console.warn('no file system can be mounted here: left out');
  return disk !== undefined;
}

describe.skipIf(!canMount)('a full disk', () => {
  let filled: FilledGallery;
  let disk: SmallDisk;
  let directory: string;
  const running: Running[] = [];
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 8 });
    disk = (await mountSmallDisk(join(filled.folder, 'disk'), 6 * 2 ** 20)) as SmallDisk;
    directory = join(disk.path, 'gallery');
    await cp(filled.directory, directory, { recursive: true });
  });
  afterEach(async () => {
    for (const { child, finished } of running.splice(0)) {
      child.kill('SIGKILL');
      await finished;
    }
    disk.unmount();
    await filled.remove();
  });

  const serve = async (...options: string[]) => {
    const server = startMedoid(['serve', '--gallery', directory, '--port', '0', '--json', ...options]);
    running.push(server);
    const [, line] = await server.seen(/^({"url":.*})$/m);
    const { url } = JSON.parse(line) as { url: string };
    return { server, url, client: new MedoidClient({ baseUrl: url }) };
  };

  const end = async ({ child, finished }: Running, signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    return finished;
  };

  /** Adds pictures until several were refused. @returns those that were acknowledged, by key, and the refusals */
  const addUntilFull = async (client: MedoidClient) => {
    const acknowledged = new Map<string, string>();
    const refusals: ProblemError[] = [];
    for (let i = 0; refusals.length < 5; i++) {
      const bytes = await createNoise(40 + 40 * (i % 4));
      try {
        const { outcomes } = await client.uploadItems('default', [{ key: `noise-${i}`, bytes }]);
        expect(outcomes).toMatchObject([{ status: 'added', item: { imageSha256: hashImage(bytes) } }]);
        acknowledged.set(`noise-${i}`, hashImage(bytes));
      } catch (error) {
        refusals.push(error as ProblemError);
      }
    }
    return { acknowledged, refusals };
  };

  /** Everything that was acknowledged is there, with its picture, and nothing else. */
  const expectAll = async (client: MedoidClient, acknowledged: ReadonlyMap<string, string>) => {
    const found = new Map<string, string>();
    for await (const { id, key, imageSha256 } of client.eachItem('default')) {
      if (key.startsWith('noise-')) found.set(key, imageSha256);
      expect((await client.getItemImage('default', id)).size).toBeGreaterThan(0);
      for (const exact of [true, false]) {
        const { results } = await client.search('default', {
          query: { itemId: id },
          exact,
          includeSelf: true,
        });
        expect(results[0]).toMatchObject({ item: { id }, distance: expect.closeTo(0, 3) });
      }
    }
    expect([...found].sort()).toEqual([...acknowledged].sort());
  };

  /** Names of images on the disk, finished or not. */
  const imageFiles = async () =>
    (await readdir(join(directory, 'images'), { recursive: true, withFileTypes: true }))
      .filter(entry => entry.isFile())
      .map(({ name }) => name);

  it('refuses with 507 what it has no room for, keeps what it acknowledged, and goes on searching', async () => {
    const { server, client } = await serve();
    const { acknowledged, refusals } = await addUntilFull(client);
    expect(acknowledged.size).toBeGreaterThan(5);
    for (const { status, code, message } of refusals) {
      expect([status, code]).toEqual([507, 'storage-full']);
      expect(message).toMatch(/disk of the server is full/);
      expect(message).not.toContain(disk.path);
    }
    await expectAll(client, acknowledged);
    // Of those that were refused there is not even a half of the picture.
    expect((await imageFiles()).length).toBe(filled.pictures.length + acknowledged.size);
    await end(server, 'SIGKILL');
    const again = await serve();
    await expectAll(again.client, acknowledged);
  });

  it('tells of each picture of a form, and of a job, that there is no room', async () => {
    const { client } = await serve();
    await addUntilFull(client);
    await disk.fill();
    const pictures = [await createNoise(90), filled.pictures[0], await createNoise(91)];
    const { outcomes } = await client.uploadItems(
      'default',
      pictures.map((bytes, i) => ({
        key: `picture-${i === 1 ? 0 : i + 50}.png`,
        bytes,
        label: `label-0`,
        metadata: { number: 0 },
      })),
    );
    expect(outcomes).toMatchObject([
      {
        status: 'failed',
        code: 'storage-full',
        message: expect.stringMatching(/disk of the server is full/),
      },
      { status: 'unchanged' },
      { status: 'failed', code: 'storage-full' },
    ]);
    const later = client.addItemsLater('default', [
      { key: 'later', image: { base64: pictures[0].toString('base64') } },
    ]);
    await expect(later).rejects.toMatchObject({ status: 507, code: 'storage-full' });
  });

  it('deletes with no byte left, adds again when there is room, and stops in good order', async () => {
    const { server, client } = await serve();
    const { acknowledged } = await addUntilFull(client);
    await disk.fill();
    expect(await disk.free()).toBe(0);
    const [first, second, third, ...others] = [...acknowledged.keys()];
    // The last page of a file may take one or two.
    const changes = Array.from({ length: 20 }, (_, i) =>
      client.updateItem('default', 1, { label: `label ${i}` }),
    );
    const answers = await Promise.allSettled(changes);
    expect(answers.at(-1)).toMatchObject({
      status: 'rejected',
      reason: { status: 507, code: 'storage-full' },
    });
    expect(await client.deleteItems('default', { keys: [first, second] })).toMatchObject({ removed: 2 });
    const { items } = await client.listItems('default', { key: third });
    await client.deleteItem('default', items[0].id);
    const small = await createNoise(20);
    await client.uploadItems('default', [{ key: 'noise-small', bytes: small }]);
    const left = new Map(others.map(key => [key, acknowledged.get(key) as string]));
    await expectAll(client, left.set('noise-small', hashImage(small)));
    await disk.fill();
    const { exitCode, stderr } = await end(server, 'SIGTERM');
    expect(exitCode, stderr).toBe(0);
    // With no byte left but the room that was kept.
    await disk.fill();
    const again = await serve();
    await expectAll(again.client, left);
    await again.client.deleteItems('default', { keys: ['noise-small'] });
    left.delete('noise-small');
    await end(again.server, 'SIGKILL');
    await disk.fill();
    const reader = await serve('--read-only');
    await expectAll(reader.client, left);
  });

  it('keeps what was indexed before it was full, and reports what was not', async () => {
    const folder = join(filled.folder, 'photos');
    await mkdir(folder);
    // Of three sizes, so that the smaller ones find room where the larger ones do not.
    for (let i = 0; i < 60; i++) {
      const name = `${String(i).padStart(2, '0')}.png`;
      await writeFile(join(folder, name), await createNoise(100 + 60 * (i % 3)));
    }
    const { exitCode, stdout, stderr } = await runMedoid(
      ...['index', folder, '--gallery', directory, '--batch', '4', '--label-from', 'none', '--json'],
    );
    expect(exitCode, stderr).toBe(1);
    const { added, failed } = JSON.parse(stdout) as {
      added: number;
      failed: { path: string; code: string }[];
    };
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(['storage-full']));
    expect(added + failed.length).toBe(60);
    const { client } = await serve();
    const keys: string[] = [];
    for await (const { key } of client.eachItem('default')) keys.push(key);
    const refused = failed.map(({ path }) => path);
    expect(keys.filter(key => /^\d\d\.png$/.test(key)).sort()).toEqual(
      (await readdir(folder)).filter(name => !refused.includes(name)).sort(),
    );
  });
});
