import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { imageFile } from '../../src/gallery/image-file.js';
import { hashImage } from '../../src/images/decode.js';
import { type ChangingClient, type KeyState, startChanging } from '../fixtures/changing-client.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { type Finished, type Running, runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { mountSmallDisk } from '../fixtures/tmpfs.js';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

const jsonOf = ({ exitCode, stdout, stderr }: Finished) => {
  if (exitCode !== 0) throw new Error(`expected 0, got ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
};

/** What was known of each client's keys when a backup began. */
interface Beginning {
  readonly beganAt: number;
  readonly before: readonly ReadonlyMap<string, KeyState>[];
}

const beginningOf = (clients: readonly ChangingClient[]): Beginning => ({
  before: clients.map(({ states }) => new Map(states)),
  beganAt: performance.now(),
});

/** What was acknowledged before it began and not changed since: each key with its image, or with none. */
const settledOf = (clients: readonly ChangingClient[], { beganAt, before }: Beginning) =>
  clients.flatMap(({ states }, i) =>
    [...before[i]].flatMap(([key, state]) =>
      state.acknowledgedAt < beganAt && states.get(key) === state ? [[key, state.imageSha256] as const] : [],
    ),
  );

describe('medoid backup and medoid restore, of a gallery that is served', () => {
  let filled: FilledGallery;
  let server: Running;
  let url: string;
  let at: (name: string) => string;

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 150 });
    at = name => join(filled.folder, name);
    server = startMedoid([
      'serve',
      '--gallery',
      filled.directory,
      '--port',
      '0',
      '--json',
      '--rate-limit',
      '0',
    ]);
    const [, answer] = await server.seen(/^({"url":.*})$/m);
    url = JSON.parse(answer).url;
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.finished;
    await filled.remove();
  });

  /** Every item has its picture and its vector, and is what is nearest to that picture. */
  async function checkRestored(gallery: Gallery): Promise<Map<string, string>> {
    const collection = await gallery.collection('default');
    const found = new Map<string, string>();
    for (let afterId: number | null = 0; afterId !== null; ) {
      const page = collection.listItems({ afterId, limit: 100 });
      for (const { id, key, imageSha256 } of page.items) {
        const { bytes } = await collection.readImage(id);
        expect(hashImage(bytes)).toBe(imageSha256);
        const { results } = await collection.searchByImage(bytes, { k: 100 });
        // Others may have the same picture.
        expect(results.filter(({ distance }) => distance < 1e-3).map(({ item }) => item.key)).toContain(key);
        found.set(key, imageSha256);
      }
      afterId = page.next;
    }
    return found;
  }

  it('has all that was acknowledged before, and of what changes meanwhile one moment', async () => {
    const pictures = await Promise.all(Array.from({ length: 40 }, (_, i) => createPicture(`changing-${i}`)));
    // So many keys that most are left alone while a backup is made.
    const clients = ['a', 'b', 'c'].map(seed => startChanging(url, { seed, pictures, keys: 200 }));
    const settled: (readonly (readonly [string, string | undefined])[])[] = [];
    const changesAt: number[] = [];
    const changes = () => clients.reduce((sum, client) => sum + client.changes(), 0);
    try {
      while (changes() < 30) await new Promise(next => setImmediate(next));
      for (let round = 0; round < 3; round++) {
        const beginning = beginningOf(clients);
        const report = jsonOf(
          await runMedoid('backup', at(`served-${round}.tar`), '--gallery', filled.directory, '--json'),
        );
        expect(report).toMatchObject({ file: at(`served-${round}.tar`), models: 1, missing: [] });
        expect(report.items).toBeGreaterThanOrEqual(150);
        settled.push(settledOf(clients, beginning));
        changesAt.push(changes());
      }
    } finally {
      await Promise.all(clients.map(client => client.stop()));
    }
    // The clients did change things while the backups were made.
    expect(changesAt[2] - changesAt[0]).toBeGreaterThan(20);
    expect(settled.flat().length).toBeGreaterThan(0);

    for (const [round, expected] of settled.entries()) {
      const target = at(`restored-${round}`);
      jsonOf(await runMedoid('restore', at(`served-${round}.tar`), '--gallery', target, '--json'));
      const gallery = await Gallery.open(target, { access: 'write', threads: 1 });
      const found = await checkRestored(gallery);
      await gallery.close();
      for (const [key, imageSha256] of expected)
        expect([round, key, found.get(key)]).toEqual([round, key, imageSha256]);
      for (let i = 0; i < filled.pictures.length; i++) {
        expect(found.get(`picture-${i}.png`)).toBe(hashImage(filled.pictures[i]));
      }
    }
  });

  it('serves what was restored', async () => {
    await runMedoid('backup', at('b.tar'), '--gallery', filled.directory);
    await runMedoid('restore', at('b.tar'), '--gallery', at('second'));
    const second = startMedoid(['serve', '--gallery', at('second'), '--port', '0', '--json', '--read-only']);
    const [, answer] = await second.seen(/^({"url":.*})$/m);
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(filled.pictures[7])]), 'picture.png');
    const response = await fetch(`${JSON.parse(answer).url}/v1/collections/default/search?k=1`, {
      method: 'POST',
      body: form,
    });
    const { results } = (await response.json()) as { results: { item: { key: string } }[] };
    expect(results[0].item.key).toBe('picture-7.png');
    second.child.kill('SIGTERM');
    await second.finished;
  });

  it('does not restore to the folder that is served', async () => {
    await runMedoid('backup', at('c.tar'), '--gallery', filled.directory);
    const { exitCode, stderr } = await runMedoid('restore', at('c.tar'), '--gallery', filled.directory);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/out-exists: .* is not empty/)]);
  });
});

describe('medoid backup and medoid restore', () => {
  let filled: FilledGallery;
  let at: (name: string) => string;
  const backup = (file: string, ...more: string[]) =>
    runMedoid('backup', at(file), '--gallery', filled.directory, ...more);
  const names = async () => (await readdir(filled.folder)).sort();

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 30 });
    at = name => join(filled.folder, name);
    await backup('whole.tar');
  });
  afterAll(() => filled.remove());

  it('say what they did, and whether a backup is whole', async () => {
    const made = await backup('said.tar');
    expect(made.stdout).toMatch(
      /^wrote .*said.tar, read back: \d+ bytes\n1 collection, 30 items, 30 images, 1 model\n$/,
    );
    const checked = await runMedoid('restore', at('said.tar'), '--check');
    expect(checked.stdout).toMatch(/^.*said.tar is whole, begun 20.*Z\n1 collection, 30 items/);
    const restored = jsonOf(await runMedoid('restore', at('said.tar'), '--gallery', at('said'), '--json'));
    expect(restored).toMatchObject({ gallery: at('said'), items: 30, images: 30, missing: [] });
    expect(execFileSync('tar', ['-tf', at('said.tar')], { encoding: 'utf8' })).toMatch(
      /^backup.json\n[\s\S]*manifest.json\n$/,
    );
    for (const name of ['said.tar', 'said']) await rm(at(name), { recursive: true });
    const { exitCode, stdout } = await runMedoid('restore', at('gone.tar'), '--check', '--json');
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, 'file-not-found']);
  });

  it.each([
    [['restore', 'x.tar'], 2, /either --gallery or --check, got neither/],
    [['restore', 'x.tar', '--gallery', 'x', '--check'], 2, /got both/],
    [['restore'], 2, /missing required argument 'file'/],
    [['backup', 'x.tar'], 2, /required option '--gallery/],
    [['backup', 'x.tar', '--gallery', 'nowhere'], 1, /file-not-found: expected a gallery/],
  ])('refuse %j', async (args, code, message) => {
    const { exitCode, stdout, stderr } = await runMedoid(...args);
    expect([exitCode, stdout, stderr]).toEqual([code, '', expect.stringMatching(message)]);
  });

  it('end with 1 when an image is lost, say which, and can be restored', async () => {
    const own = await createFilledGallery({ count: 3 });
    const lost = imageFile(hashImage(own.pictures[1]));
    await rm(join(own.directory, lost));
    const [file, target] = ['b.tar', 'restored'].map(name => join(own.folder, name));
    const { exitCode, stdout } = await runMedoid('backup', file, '--gallery', own.directory);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `1 missing or damaged in the gallery, and not in the backup:\n  ${lost}: an image is missing`,
    );
    const restored = await runMedoid('restore', file, '--gallery', target, '--json');
    expect(jsonOf(restored).missing).toMatchObject([{ name: lost }]);
    await own.remove();
  });

  it('leave nothing when they are stopped', async () => {
    const before = await names();
    const commands = [
      ['backup', at('stopped.tar'), '--gallery', filled.directory],
      ['restore', at('whole.tar'), '--gallery', at('stopped')],
    ];
    for (const command of commands) {
      const running = startMedoid(command);
      // As soon as it has begun to write: that is when there is something to leave behind.
      while (running.child.exitCode === null && (await names()).length === before.length)
        await new Promise(next => setImmediate(next));
      running.child.kill('SIGINT');
      const { exitCode, stderr } = await running.finished;
      expect([exitCode, stderr]).toEqual([130, expect.stringMatching(/interrupted/)]);
      expect(await names()).toEqual(before);
    }
  });

  it('say so and leave nothing when the disk is full', async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'medoid-small-'));
    const disk = await mountSmallDisk(join(folder, 'disk'), 64 * 1024);
    try {
      if (disk === undefined) return skip('a disk may not be mounted here');
      const made = await runMedoid('backup', join(disk.path, 'b.tar'), '--gallery', filled.directory);
      expect(made.stderr).toMatch(/storage-full: .*(no space|full)/i);
      expect([made.exitCode, await readdir(disk.path)]).toEqual([1, []]);
      const restored = await runMedoid('restore', at('whole.tar'), '--gallery', join(disk.path, 'gallery'));
      expect(restored.stderr).toMatch(/storage-full: .*(no space|full)/i);
      expect([restored.exitCode, await readdir(disk.path)]).toEqual([1, []]);
    } finally {
      disk?.unmount();
      await rm(folder, { recursive: true });
    }
  });

  it('restore to where a link leads, and not in the place of a mounted disk', async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'medoid-targets-'));
    const [real, link] = ['real', 'link'].map(name => join(folder, name));
    await mkdir(real);
    await symlink(real, link);
    const linked = await runMedoid('restore', at('whole.tar'), '--gallery', link);
    expect([linked.exitCode, await readdir(real)]).toEqual([0, expect.arrayContaining(['catalog.sqlite'])]);
    const disk = await mountSmallDisk(join(folder, 'disk'), 64 * 1024 * 1024);
    try {
      if (disk === undefined) return skip('a disk may not be mounted here');
      const refused = await runMedoid('restore', at('whole.tar'), '--gallery', disk.path);
      expect(refused.stderr).toMatch(
        /out-exists: .*disk is a file system of its own: restore to a folder in it/,
      );
      expect(refused.exitCode).toBe(1);
      expect((await readdir(folder)).sort()).toEqual(['disk', 'link', 'real']);
    } finally {
      disk?.unmount();
      await rm(folder, { recursive: true });
    }
  });

  it.runIf(isRoot)('need no more than to read the gallery', async ({ skip }) => {
    const folder = await mkdtemp(join(tmpdir(), 'medoid-nobody-'));
    try {
      await chmod(folder, 0o755);
      await chmod(filled.folder, 0o755);
      const out = join(folder, 'out');
      await mkdir(out);
      await chown(out, nobody, nobody);
      const cli = join(import.meta.dirname, '../../dist/src/cli.js');
      const asNobody = (...args: string[]) =>
        spawnSync(process.execPath, [cli, ...args], { uid: nobody, gid: nobody, cwd: out, encoding: 'utf8' });
      skip(asNobody('--version').status !== 0, 'another user may not read the program here');
      const made = asNobody('backup', join(out, 'b.tar'), '--gallery', filled.directory);
      expect([made.status, made.stderr]).toEqual([0, '']);
      // It was another user indeed.
      const inside = asNobody('backup', join(filled.folder, 'no.tar'), '--gallery', filled.directory);
      expect(inside.stderr).toMatch(/file-unusable: .*(EACCES|permission denied)/i);
      expect(existsSync(join(filled.folder, 'no.tar'))).toBe(false);
      expect((await readFile(join(out, 'b.tar'))).length).toBe((await readFile(at('whole.tar'))).length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
