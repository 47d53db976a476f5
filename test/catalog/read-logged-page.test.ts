import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLoggedPage } from '../../src/catalog/read-logged-page.js';
import { createRandom, type Random } from '../../src/math/random.js';

describe('the first page in a write-ahead log', () => {
  let folder: string;
  let path: string;
  let copy: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-log-'));
    path = join(folder, 'live.sqlite');
    copy = join(folder, 'copy.sqlite');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const openLog = (pageSize = 4096): Database.Database => {
    const database = new Database(path);
    database.pragma(`page_size = ${pageSize}`);
    database.pragma('journal_mode = WAL');
    database.pragma('wal_autocheckpoint = 0');
    database.exec('CREATE TABLE pictures (bytes BLOB)');
    return database;
  };
  /** As a process that is killed now leaves it. */
  const copyNow = async (): Promise<void> => {
    await rm(`${copy}-shm`, { force: true });
    for (const suffix of ['', '-wal']) await copyFile(path + suffix, copy + suffix);
  };
  /** What SQLite makes of the copy, which the log goes into. */
  const recover = async (): Promise<Buffer> => {
    const database = new Database(copy);
    database.pragma('user_version');
    database.close();
    return readFile(copy);
  };
  const expectAsSqlite = async (pageSize: number): Promise<void> => {
    const file = await readFile(copy);
    const page = readLoggedPage(`${copy}-wal`) ?? file.subarray(0, pageSize);
    expect(page.equals((await recover()).subarray(0, pageSize))).toBe(true);
  };

  function change(database: Database.Database, random: Random): void {
    const steps = [
      () => database.pragma(`user_version = ${random.integer(1000)}`),
      () => database.prepare('INSERT INTO pictures VALUES (randomblob(?))').run(random.integer(9000)),
      () => database.exec('UPDATE pictures SET bytes = zeroblob(length(bytes))'),
      () => database.exec(`CREATE TABLE t${random.integer(1e9)} (a)`),
      () => database.exec('DELETE FROM pictures'),
      // The log is begun again from its start, over what was in it.
      () => database.pragma('wal_checkpoint(RESTART)'),
      () => database.pragma('wal_checkpoint(PASSIVE)'),
    ];
    steps[random.integer(steps.length)]();
  }

  it.each([512, 4096, 65_536])('is the one that SQLite recovers, of pages of %i bytes', async pageSize => {
    const random = createRandom(`log/${pageSize}`);
    const database = openLog(pageSize);
    for (let i = 0; i < 60; i++) {
      change(database, random);
      await copyNow();
      await expectAsSqlite(pageSize);
    }
    database.close();
  });

  it('is none of a transaction that was not committed, whose pages are in the log already', async () => {
    const database = openLog();
    database.pragma('user_version = 7');
    database.pragma('cache_size = 1');
    database.exec('BEGIN');
    database.pragma('user_version = 8');
    for (let i = 0; i < 200; i++) database.exec('INSERT INTO pictures VALUES (randomblob(9000))');
    await copyNow();
    expect((await readFile(`${copy}-wal`)).length).toBeGreaterThan(1_000_000);
    expect(readLoggedPage(`${copy}-wal`)?.readInt32BE(60)).toBe(7);
    await expectAsSqlite(4096);
    database.exec('ROLLBACK');
    database.close();
  });

  it('ends where the log was cut off or is damaged', async () => {
    const database = openLog();
    for (let version = 1; version <= 20; version++) database.pragma(`user_version = ${version}`);
    await copyNow();
    const log = await readFile(`${copy}-wal`);
    database.close();
    const random = createRandom('damage');
    for (let i = 0; i < 40; i++) {
      const at = random.integer(log.length);
      const damaged = Buffer.from(log);
      damaged[at] ^= 1 << random.integer(8);
      await copyFile(path, copy);
      await writeFile(`${copy}-wal`, damaged);
      if (i % 2 === 0) await truncate(`${copy}-wal`, at);
      await rm(`${copy}-shm`, { force: true });
      await expectAsSqlite(4096);
    }
  });

  it('is none where there is no log, or an empty one', async () => {
    expect(readLoggedPage(`${copy}-wal`)).toBeUndefined();
    await writeFile(`${copy}-wal`, '');
    expect(readLoggedPage(`${copy}-wal`)).toBeUndefined();
  });
});
