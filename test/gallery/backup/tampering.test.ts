import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyStore } from '../../../src/catalog/key-store.js';
import { restoreBackup } from '../../../src/gallery/backup/restore-backup.js';
import { verifyBackup } from '../../../src/gallery/backup/verify-backup.js';
import { createRandom } from '../../../src/math/random.js';
import { backUp, unstopped } from '../../fixtures/back-up.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { manifestOf, type PackedEntry, packBackup, readEntries } from '../../fixtures/pack-backup.js';

const signal = unstopped;
const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a backup that is not what was written', () => {
  let filled: FilledGallery;
  let at: (name: string) => string;
  let whole: Buffer;
  let entries: PackedEntry[];

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 5 });
    at = name => join(filled.folder, name);
    const keys = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    keys.create({ name: 'me', scopes: ['read'], rateLimit: null });
    keys.close();
    await backUp(filled.directory, at('whole.tar'));
    whole = await readFile(at('whole.tar'));
    entries = await readEntries(at('whole.tar'));
    await mkdir(at('place'));
  });
  afterAll(() => filled.remove());

  const verify = (file: string) => verifyBackup(file, { signal, scratch: at('scratch-') });
  /** What restoring it ends in; nothing may be left of it. */
  const refusalOf = async (file: string): Promise<{ code?: string; message: string }> => {
    const refusal = await restoreBackup(file, at('place/gallery'), { signal }).then(
      () => ({ message: 'it was restored' }),
      error => error,
    );
    expect(await readdir(at('place'))).toEqual([]);
    return refusal;
  };
  const replaced = (name: string, bytes: Buffer): PackedEntry[] =>
    entries.map(entry => (entry.name === name ? { ...entry, bytes } : entry));
  const bytesOf = (name: string): Buffer => {
    const entry = entries.find(other => other.name === name);
    if (entry === undefined) throw new Error(`expected an entry ${name}`);
    return entry.bytes;
  };
  /** The catalog, changed. */
  const changedCatalog = async (change: (database: Database.Database) => void): Promise<Buffer> => {
    const path = at('changed.sqlite');
    await writeFile(path, bytesOf('catalog.sqlite'));
    const database = new Database(path);
    change(database);
    database.close();
    return readFile(path);
  };

  it('is whole to begin with, and is again when it is packed anew', async () => {
    expect(await verify(at('whole.tar'))).toMatchObject({ summary: { items: 5, images: 5, missing: [] } });
    expect((await readFile(await packBackup(at('same.tar'), entries))).equals(whole)).toBe(true);
    const long = { name: `models/${'x'.repeat(200)}/model.onnx`, bytes: Buffer.from('long') };
    expect(await verify(await packBackup(at('long.tar'), [...entries, long]))).toMatchObject({
      summary: { items: 5 },
    });
    expect(entries.map(({ name }) => name.replace(/\/.*/, ''))).toEqual([
      ...['backup.json', 'models', 'models', 'images', 'images', 'images', 'images', 'images'],
      ...['keys.sqlite', 'catalog.sqlite', 'summary.json'],
    ]);
  });

  it('is refused when it was cut short anywhere', async () => {
    const random = createRandom('cuts');
    const steps = Array.from({ length: Math.ceil(whole.length / 4096) }, (_, i) => i * 4096);
    const end = [1, 511, 512, 513, 1023, 1024, 1025, 1536, 2048].map(bytes => whole.length - bytes);
    const cuts = [...steps, ...end, ...Array.from({ length: 20 }, () => random.integer(whole.length))];
    for (const length of cuts) {
      await writeFile(at('cut.tar'), whole.subarray(0, length));
      expect([length, await refusalOf(at('cut.tar'))]).toMatchObject([length, { code: 'invalid-backup' }]);
    }
  });

  it('is refused when more came after its end', async () => {
    for (const more of [Buffer.alloc(1), Buffer.alloc(1024), Buffer.from('more'), whole]) {
      await writeFile(at('longer.tar'), Buffer.concat([whole, more]));
      expect(await refusalOf(at('longer.tar'))).toMatchObject({ code: 'invalid-backup' });
    }
  });

  it('is refused when one bit was flipped anywhere', async () => {
    const random = createRandom('flips');
    const header = Array.from({ length: 64 }, (_, i) => i * 8 + random.integer(8));
    const end = Array.from({ length: 32 }, (_, i) => whole.length - 1 - i * 64);
    const anywhere = Array.from({ length: 120 }, () => random.integer(whole.length));
    for (const position of [...header, ...end, ...anywhere]) {
      const flipped = Buffer.from(whole);
      flipped[position] ^= 1 << random.integer(8);
      await writeFile(at('flipped.tar'), flipped);
      const refusal = await verify(at('flipped.tar')).catch(error => error);
      expect([position, refusal.code]).toEqual([position, 'invalid-backup']);
    }
    // Nothing is left of what was looked at.
    expect((await readdir(filled.folder)).filter(name => name.startsWith('scratch-'))).toEqual([]);
  });

  const evil = Buffer.from('evil');
  const extra = (name: string, header: PackedEntry['header'] = {}): PackedEntry => ({
    name,
    bytes: evil,
    header,
  });
  it.each<[string, PackedEntry, RegExp]>([
    ['a way up', extra('../evil'), /which no backup has/],
    ['a way up and down', extra('images/../../evil'), /which no backup has/],
    ['a way up in a model', extra('models/../evil'), /which no backup has/],
    ['a model that is a way up', extra('models/x/..'), /which no backup has/],
    ['an absolute path', extra('/tmp/evil'), /which no backup has/],
    ['a backslash', extra('models/x/..\\evil'), /which no backup has/],
    ['something for the terminal', extra('models/x/\u001b[2J'), /which no backup has/],
    ['a file that no gallery has', extra('evil'), /which no backup has/],
    ['a lock', extra('write.lock'), /which no backup has/],
    ['an image in another folder', extra(`images/00/${sha256Of(evil)}`), /which no backup has/],
    [
      'an image under another name',
      extra(`images/00/${'0'.repeat(64)}`),
      /is damaged: its bytes have SHA-256/,
    ],
    ['a link', extra('models/x/y', { type: 'symlink', linkname: '/etc/passwd' }), /damaged or changed/],
    ['a hard link', extra('models/x/y', { type: 'link', linkname: 'catalog.sqlite' }), /damaged or changed/],
    ['a folder', extra('models/x/y', { type: 'directory' }), /damaged or changed|no backup has/],
    ['a file that all may run', extra('models/x/y', { mode: 0o4777 }), /damaged or changed/],
    ['a second header', extra('backup.json'), /it has backup.json twice/],
  ])('is refused with %s', async (_, entry, message) => {
    const refusal = await refusalOf(await packBackup(at('odd.tar'), [...entries, entry]));
    expect(refusal).toMatchObject({ code: 'invalid-backup', message: expect.stringMatching(message) });
    expect(existsSync(at('evil')) || existsSync(at('place/evil'))).toBe(false);
  });

  it('is refused with an entry twice, too few, or in no order that a backup has', async () => {
    const [first, second, ...rest] = entries;
    const without = (name: string) => entries.filter(entry => entry.name !== name);
    const cases: [PackedEntry[], PackedEntry[] | undefined, RegExp][] = [
      [[...entries, second], undefined, /twice/],
      [[second, first, ...rest], undefined, /does not begin with backup.json/],
      [entries, [manifestOf(entries), manifestOf(entries)], /twice/],
      [entries, [manifestOf(entries), { name: 'models/x/y', bytes: evil }], /after its manifest/],
      [entries, [], /it has no manifest/],
      [entries, [manifestOf([...entries].reverse())], /not as the manifest lists it/],
      [entries, [manifestOf(rest)], /lists other entries/],
      [without('summary.json'), undefined, /it lacks summary.json/],
      [without('catalog.sqlite'), undefined, /it lacks catalog.sqlite/],
      [entries.filter(({ name }) => !name.endsWith('.onnx')), undefined, /the weights are missing/],
      [[], undefined, /does not begin with|no backup/],
    ];
    for (const [packed, end, message] of cases) {
      const { message: got } = await refusalOf(await packBackup(at('odd.tar'), packed, end));
      expect(got).toMatch(message);
    }
  });

  it('is refused when what it has is not what it says', async () => {
    const image = entries.find(({ name }) => name.startsWith('images/')) ?? entries[0];
    const cases: [PackedEntry[], RegExp][] = [
      [replaced('backup.json', Buffer.from('{"formatVersion":2,"news":[]}')), /format 1, got 2: use a newer/],
      [replaced('backup.json', Buffer.from('{')), /backup.json is not understood/],
      [replaced('summary.json', Buffer.from('{}')), /summary.json is not understood/],
      [entries.filter(entry => entry !== image), /needs the image/],
      [replaced('catalog.sqlite', bytesOf('keys.sqlite')), /is a SQLite file, but not a catalog/],
      [replaced('catalog.sqlite', Buffer.alloc(8192, 7)), /is not a database/],
      [replaced('keys.sqlite', bytesOf('catalog.sqlite')), /is a SQLite file, but not a key file/],
      [
        replaced('catalog.sqlite', await changedCatalog(db => db.pragma('user_version = 999'))),
        /has version 999; .* use a newer one/,
      ],
      [
        replaced(
          'catalog.sqlite',
          await changedCatalog(db => {
            db.pragma('foreign_keys = OFF');
            db.exec('DELETE FROM collections');
          }),
        ),
        /damaged: a row of \w+ belongs to none of collections/,
      ],
      [
        replaced(
          'catalog.sqlite',
          await changedCatalog(db => {
            db.unsafeMode();
            db.pragma('writable_schema = ON');
            db.exec(`DELETE FROM sqlite_master WHERE name = 'items_of_image'`);
          }),
        ),
        /damaged: /,
      ],
      [
        replaced(
          'catalog.sqlite',
          await changedCatalog(db => db.exec(`UPDATE embedding_sets SET model_id = 'another'`)),
        ),
        /expected another, got tiny@/,
      ],
    ];
    for (const [packed, message] of cases) {
      const { message: got } = await refusalOf(await packBackup(at('odd.tar'), packed));
      expect(got).toMatch(message);
    }
  });

  it('is refused when it is no backup at all', async () => {
    await writeFile(at('text'), 'a text that is no tar file\n'.repeat(100));
    await writeFile(at('empty'), '');
    for (const name of ['text', 'empty', 'gallery'])
      expect(await refusalOf(at(name))).toMatchObject({
        code: expect.stringMatching(/invalid-backup|file-unusable/),
      });
    expect(await refusalOf(at('nothing'))).toMatchObject({ code: 'file-not-found' });
    await rm(at('text'));
  });
});
