import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyMigrations } from '../../src/catalog/key-migrations.js';
import { KeyStore } from '../../src/catalog/key-store.js';
import { migrations } from '../../src/catalog/migrations.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createPicture } from '../fixtures/images.js';
import { copyKeptGallery } from '../fixtures/kept-galleries.js';
import { readFolder } from '../fixtures/read-folder.js';
import { runMedoid } from '../fixtures/run-medoid.js';

/** What a newer program left a file as, which it gave its next version. */
const states: Record<string, (database: Database.Database, version: number) => void> = {
  'closed, as one file': (database, version) => {
    database.pragma('journal_mode = DELETE');
    database.pragma(`user_version = ${version}`);
  },
  'killed, with the version in the log alone': (database, version) => {
    database.pragma('journal_mode = WAL');
    database.pragma('wal_checkpoint(RESTART)');
    database.pragma(`user_version = ${version}`);
    database.exec('CREATE TABLE later (a)');
  },
  'killed, with the version in the file and other commits in the log': (database, version) => {
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE later (a); INSERT INTO later VALUES (1)');
    database.pragma(`user_version = ${version}`);
    database.pragma('wal_checkpoint(RESTART)');
    database.exec('UPDATE later SET a = 2');
  },
  'killed, with an empty log': (database, version) => {
    database.pragma('journal_mode = WAL');
    database.pragma(`user_version = ${version}`);
    database.pragma('wal_checkpoint(TRUNCATE)');
  },
};

const newest = `catalog-${migrations.length}`;

describe('a newer gallery', () => {
  let folder: string;
  let directory: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-newer-'));
    directory = join(folder, 'gallery');
    await copyKeptGallery(newest, join(folder, 'live'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Leaves the gallery as a process does that is killed when its file is in the state. */
  const leave = async (file: string, version: number, state: string): Promise<void> => {
    const database = new Database(join(folder, 'live', file));
    states[state](database, version);
    await cp(join(folder, 'live'), directory, { recursive: true });
    database.close();
  };
  /** Says that it has no version that is known, and does nothing. */
  const expectRefused = async (open: () => unknown, version: number, known: number): Promise<void> => {
    const before = await readFolder(directory);
    const refusing = (async () => open())();
    await expect(refusing).rejects.toMatchObject({ code: 'invalid-gallery' });
    await expect(refusing).rejects.toThrow(
      `has version ${version}; this Medoid knows versions up to ${known}: use a newer one`,
    );
    expect(await readFolder(directory)).toEqual(before);
  };

  describe.each(Object.keys(states))('whose file was %s', state => {
    const version = migrations.length + 1;
    it.each(['read', 'write'] as const)('is refused for access to %s, and left as it was', async access => {
      await leave('catalog.sqlite', version, state);
      await expectRefused(() => Gallery.open(directory, { access }), version, migrations.length);
      // Nor are folders made that a gallery of this version has.
      await rename(join(directory, 'index'), join(directory, 'indexes'));
      const options = { access, create: access === 'write' };
      await expectRefused(() => Gallery.open(directory, options), version, migrations.length);
    });

    it.each(['read', 'write'] as const)('is refused for its keys, to %s', async access => {
      const keysVersion = keyMigrations.length + 1;
      await leave('keys.sqlite', keysVersion, state);
      const open = () => KeyStore.open(directory, { access, onNotice: message => expect.fail(message) });
      await expectRefused(open, keysVersion, keyMigrations.length);
    });
  });

  it('is refused by every command, which says so', async () => {
    await leave('catalog.sqlite', migrations.length + 1, 'killed, with the version in the log alone');
    const before = await readFolder(directory);
    const pictures = join(folder, 'pictures');
    await mkdir(pictures);
    await writeFile(join(pictures, 'a.png'), await createPicture('a'));
    const at = ['--gallery', directory, '--json'];
    for (const args of [
      ['serve', '--port', '0', ...at],
      ['serve', '--port', '0', '--read-only', ...at],
      ['index', pictures, '--collection', 'chairs', ...at],
      ['search', join(pictures, 'a.png'), ...at],
    ]) {
      const { exitCode, stdout } = await runMedoid(...args);
      expect([args[0], exitCode]).toEqual([args[0], 1]);
      const { error } = JSON.parse(stdout);
      expect([args[0], error.code]).toEqual([args[0], 'invalid-gallery']);
      expect(error.message).toMatch(/catalog\.sqlite has version \d+; this Medoid knows .*: use a newer one/);
    }
    expect(await readFolder(directory)).toEqual(before);
  });
});
