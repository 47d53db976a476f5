import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { KeyStore, type NewKey } from '../../src/catalog/key-store.js';

const shop: NewKey = { name: 'the shop', scopes: ['write'], rateLimit: 60 };
const minute = 60_000;

describe('KeyStore', () => {
  let folder: string;
  let path: string;
  let time: number;
  const notices: string[] = [];
  const opened: KeyStore[] = [];

  const open = (access: 'read' | 'write' = 'write'): KeyStore => {
    const onNotice = (message: string) => void notices.push(message);
    const store = KeyStore.open(folder, { access, now: () => time, onNotice });
    opened.push(store);
    return store;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-keys-'));
    path = join(folder, 'keys.sqlite');
    time = Date.parse('2026-01-01T00:00:00Z');
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) store.close();
    notices.splice(0);
    await rm(folder, { recursive: true });
  });

  it('makes a key that it then knows, with what it may do', () => {
    const store = open();
    const { key, record } = store.create(shop);
    expect(key).toMatch(/^medoid_[a-z0-9]{8}_[\w-]{43}$/);
    expect(record).toEqual({
      id: key.slice(7, 15),
      name: 'the shop',
      scopes: ['read', 'write'],
      rateLimit: 60,
      createdAt: '2026-01-01T00:00:00.000Z',
      lastUsedAt: null,
      revokedAt: null,
    });
    const { id, name, scopes, rateLimit } = record;
    expect(store.verify(key)).toEqual({ id, name, scopes, rateLimit });
    expect(store.create(shop).key).not.toBe(key);
  });

  it('includes in each scope those before it', () => {
    const store = open();
    const scopesOf = (...scopes: NewKey['scopes']) => store.create({ ...shop, scopes }).record.scopes;
    expect(scopesOf('read')).toEqual(['read']);
    expect(scopesOf('admin')).toEqual(['read', 'write', 'admin']);
    expect(scopesOf('write', 'read')).toEqual(['read', 'write']);
  });

  it('keeps a hash of the secret and not the secret, in a file for its owner alone', async () => {
    const store = open();
    const { key } = store.create(shop);
    const secret = key.slice(16);
    const bytes = await readFile(path);
    expect(bytes.includes('the shop')).toBe(true);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from(secret, 'base64url'))).toBe(false);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['keys.sqlite']);
  });

  it('knows nothing but the very key', () => {
    const store = open();
    const { key } = store.create(shop);
    const other = store.create(shop).key;
    const last = key.endsWith('A') ? 'B' : 'A';
    const wrong = [
      ...['', 'medoid_', key.slice(0, -1), `${key}A`, ` ${key}`, `${key}\n`, key.toUpperCase()],
      // Base64url that decodes to the same bytes is another key.
      ...[key.slice(0, -1) + last, key.slice(0, 16) + other.slice(16), `medoid_zzzzzzzz_${key.slice(16)}`],
    ];
    for (const text of wrong) expect(store.verify(text), text).toBeUndefined();
    expect(store.verify(key)).toBeDefined();
  });

  it('refuses a revoked key, and revokes it once', () => {
    const store = open();
    const { key, record } = store.create(shop);
    const other = store.create({ ...shop, name: 'other', rateLimit: null });
    time += minute;
    const revoked = store.revoke(record.id);
    expect(revoked).toEqual({ ...record, revokedAt: '2026-01-01T00:01:00.000Z' });
    time += minute;
    expect(store.revoke(record.id)).toEqual(revoked);
    expect(store.verify(key)).toBeUndefined();
    expect(store.verify(other.key)).toMatchObject({ name: 'other', rateLimit: null });
    expect(() => store.revoke('nobodyxx')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('lists every key in the order they were made, also after it was closed', () => {
    const store = open();
    const records = ['b', 'a', 'c'].map(name => {
      time += 1;
      return store.create({ ...shop, name }).record;
    });
    const revoked = store.revoke(records[1].id);
    store.close();
    expect(open('read').list()).toEqual([records[0], revoked, records[2]]);
  });

  it('has no keys where there is no file, makes none by looking, and sees the file when it comes', async () => {
    const reader = open('read');
    const server = open('write');
    expect([reader.list(), server.list()]).toEqual([[], []]);
    expect(reader.verify(`medoid_abcdefgh_${'A'.repeat(43)}`)).toBeUndefined();
    expect(() => server.revoke('abcdefgh')).toThrow(/no key "abcdefgh"/);
    expect(await readdir(folder)).toEqual([]);
    // Made, and not filled yet.
    await writeFile(path, '');
    expect(reader.list()).toEqual([]);
    const { key, record } = open().create(shop);
    expect([reader.verify(key)?.id, server.verify(key)?.id]).toEqual([record.id, record.id]);
  });

  it('sees at once what another process changes', () => {
    const server = open('read');
    const tool = open();
    const first = tool.create(shop);
    expect(server.verify(first.key)).toBeDefined();
    const second = tool.create(shop);
    expect(server.verify(second.key)).toBeDefined();
    tool.revoke(first.record.id);
    expect(server.verify(first.key)).toBeUndefined();
    expect(server.verify(second.key)).toBeDefined();
  });

  it('shows a change when it is committed, not before', () => {
    const server = open('read');
    const { key } = open().create(shop);
    server.verify(key);
    const database = new Database(path, { timeout: 0 });
    database.exec("BEGIN; UPDATE keys SET name = 'changed'");
    expect(server.verify(key)?.name).toBe('the shop');
    database.exec('COMMIT');
    expect(server.verify(key)?.name).toBe('changed');
    database.close();
  });

  it('notes the last use, once a minute at most, across restarts too', () => {
    const store = open();
    const { key } = store.create(shop);
    const lastUse = () => open('read').list()[0].lastUsedAt;
    store.verify(`${key.slice(0, -2)}AA`);
    expect(lastUse()).toBeNull();
    store.verify(key);
    expect(lastUse()).toBe('2026-01-01T00:00:00.000Z');
    time += minute - 1;
    store.verify(key);
    open().verify(key);
    expect(lastUse()).toBe('2026-01-01T00:00:00.000Z');
    time += 1;
    store.verify(key);
    expect(lastUse()).toBe('2026-01-01T00:01:00.000Z');
    time += minute;
    open('read').verify(key);
    expect(lastUse()).toBe('2026-01-01T00:01:00.000Z');
    expect(notices).toEqual([]);
  });

  it('takes a key whose use cannot be noted, says so, and tries again only after a minute', () => {
    const store = open();
    const { key, record } = store.create(shop);
    const database = new Database(path);
    database.exec("CREATE TRIGGER full BEFORE UPDATE ON keys BEGIN SELECT raise(ABORT, 'disk full'); END");
    for (let i = 0; i < 3; i++) expect(store.verify(key)).toBeDefined();
    expect(notices).toEqual([expect.stringMatching(`use of key ${record.id} was not noted: disk full`)]);
    time += minute;
    store.verify(key);
    expect(notices).toHaveLength(2);
    database.close();
  });

  it('works beside one that writes to the catalog', () => {
    const catalog = Catalog.open(join(folder, 'catalog.sqlite'), { access: 'write', create: true });
    const { key } = catalog.transaction(() => open().create(shop));
    expect(open('read').verify(key)).toBeDefined();
    catalog.close();
  });

  it('refuses a folder that is not there and files that are not its own', async () => {
    const refused = expect.objectContaining({ code: 'invalid-gallery' });
    const onNotice = () => undefined;
    expect(() => KeyStore.open(join(folder, 'nowhere'), { access: 'write', onNotice })).toThrow(
      expect.objectContaining({ code: 'file-not-found' }),
    );
    Catalog.open(path, { access: 'write', create: true }).close();
    expect(() => open()).toThrow(/not a key file of Medoid/);
    await writeFile(path, 'text');
    expect(() => open('read')).toThrow(refused);
    await rm(path);
    await mkdir(path);
    expect(() => open()).toThrow(refused);
  });

  it('refuses a file of a newer version and says which row is odd', () => {
    const store = open();
    const { key } = store.create(shop);
    const database = new Database(path);
    database.exec("UPDATE keys SET scopes = 'read,fly'");
    expect(() => store.verify(key)).toThrow(/odd row[\s\S]*scopes/);
    database.pragma('user_version = 99');
    database.close();
    expect(() => open()).toThrow(/version 99.*use a newer one/);
  });
});
