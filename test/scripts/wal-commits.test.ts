import { copyFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointedFrames, listWalCommits } from '../../scripts/crash/wal-commits.js';

describe('the commits of a write-ahead log', () => {
  let folder: string;
  let path: string;
  let database: Database.Database;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-wal-'));
    path = join(folder, 'a.sqlite');
    database = new Database(path);
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE numbers (n INTEGER)');
  });
  afterEach(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });
  const add = (n: number) => database.prepare('INSERT INTO numbers VALUES (?)').run(n);

  it('are where the file may be cut, and what was committed before is there', async () => {
    for (const n of [1, 2, 3]) add(n);
    const commits = listWalCommits(await readFile(`${path}-wal`));
    expect(commits.length).toBe(4);
    for (const [i, { end }] of commits.entries()) {
      const copy = join(folder, `${i}.sqlite`);
      await copyFile(path, copy);
      await copyFile(`${path}-wal`, `${copy}-wal`);
      // In the middle of what would come next.
      await truncate(`${copy}-wal`, Math.min(end + 100, commits[commits.length - 1].end));
      const cut = new Database(copy);
      const numbers = cut.prepare('SELECT n FROM numbers').pluck().all();
      cut.close();
      expect(numbers).toEqual([1, 2, 3].slice(0, i));
    }
  });

  it('are only those since the log was begun anew', async () => {
    for (const n of [1, 2, 3]) add(n);
    expect(checkpointedFrames(await readFile(`${path}-shm`))).toBe(0);
    database.pragma('wal_checkpoint(RESTART)');
    add(4);
    const wal = await readFile(`${path}-wal`);
    expect(listWalCommits(wal).map(({ frames }) => frames)).toEqual([1]);
    database.pragma('wal_checkpoint(PASSIVE)');
    expect(checkpointedFrames(await readFile(`${path}-shm`))).toBe(1);
    expect(listWalCommits(wal.subarray(0, 20))).toEqual([]);
  });
});
