import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { runMedoid } from '../fixtures/run-medoid.js';

describe('medoid keys', () => {
  let folder: string;
  let gallery: string;
  /** As a server has it, all the while. */
  let writer: Gallery;
  let store: KeyStore;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-keys-cli-'));
    gallery = join(folder, 'gallery');
    writer = await Gallery.open(gallery, { access: 'write', create: true, threads: 1 });
    store = KeyStore.open(gallery, { access: 'write', onNotice: () => undefined });
  });
  afterAll(async () => {
    store.close();
    await writer.close();
    await rm(folder, { recursive: true });
  });

  const keys = (verb: string, ...args: string[]) => runMedoid('keys', verb, '--gallery', gallery, ...args);
  const listed = async () => JSON.parse((await keys('list', '--json')).stdout).keys;

  it('makes, lists and revokes keys that a server sees at once', async () => {
    expect((await keys('list')).stdout).toBe('no keys yet\n');
    const made = await keys('create', '--name', 'the shop', '--scope', 'write', '--rate-limit', '60');
    const key = made.stdout.trim();
    expect(made.stdout).toBe(`${key}\n`);
    expect(made.stderr).toMatch(/allows read, write; keep it now/);
    expect(made.stderr).not.toContain(key);
    const id = key.slice(7, 15);
    expect(store.verify(key)).toEqual({ id, name: 'the shop', scopes: ['read', 'write'], rateLimit: 60 });

    const { stdout } = await keys('list');
    expect(stdout).toMatch(new RegExp(`^${id} +write +60 +20\\S+Z +20\\S+Z +the shop$`, 'm'));
    expect(stdout).not.toContain(key.slice(16));
    expect(await listed()).toEqual(store.list());

    const revoked = await keys('revoke', id);
    expect(revoked.stdout).toMatch(new RegExp(`^revoked ${id} \\(the shop\\) at 20`));
    expect(store.verify(key)).toBeUndefined();
    const again = await keys('revoke', id, '--json');
    expect([again.exitCode, JSON.parse(again.stdout)]).toEqual([0, store.list()[0]]);
  });

  it('answers one JSON document with the key in it', async () => {
    const { stdout } = await keys('create', '--name', 'reader', '--json');
    const { key, ...record } = JSON.parse(stdout);
    expect(record).toMatchObject({ name: 'reader', scopes: ['read'], rateLimit: null, lastUsedAt: null });
    expect(store.verify(key)).toMatchObject({ id: record.id });
    const bytes = await readFile(join(gallery, 'keys.sqlite'));
    expect(bytes.includes(key.slice(16))).toBe(false);
  });

  it('makes keys in several processes at once', async () => {
    const own = join(folder, 'own');
    await (await Gallery.open(own, { access: 'write', create: true, threads: 1 })).close();
    const names = ['a', 'b', 'c', 'd'];
    const made = await Promise.all(
      names.map(name => runMedoid('keys', 'create', '--gallery', own, '--name', name)),
    );
    expect(made.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const ownStore = KeyStore.open(own, { access: 'read', onNotice: () => undefined });
    expect(made.map(({ stdout }) => ownStore.verify(stdout.trim())?.name)).toEqual(names);
    ownStore.close();
  });

  it.each([
    [['create'], 2, /required option '--name/],
    [['create', '--name', ' '], 2, /--name " ": expected 1 to 100 characters/],
    [['create', '--name', 'a\u001b[2Jb'], 2, /all printable/],
    [['create', '--name', 'x', '--scope', 'root'], 2, /read, write, admin/],
    [['create', '--name', 'x', '--rate-limit', '-1'], 2, /--rate-limit "-1"/],
    [['revoke'], 2, /missing required argument 'id'/],
    [['revoke', 'nobodyxx'], 1, /not-found: the gallery has no key "nobodyxx"/],
  ])('refuses %j', async ([verb, ...args], code, message) => {
    const before = await listed();
    const { exitCode, stdout, stderr } = await keys(verb, ...args);
    expect(stderr).toMatch(message);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(await listed()).toEqual(before);
  });

  it.each(['create', 'list'])('does not %s where there is no gallery', async verb => {
    const name = verb === 'create' ? ['--name', 'x'] : [];
    const { exitCode, stderr } = await runMedoid('keys', verb, '--gallery', folder, ...name);
    expect(stderr).toMatch(/file-not-found: expected a gallery, but there is no .*catalog\.sqlite/);
    expect(exitCode).toBe(1);
  });
});
