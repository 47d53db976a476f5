import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeDatabase, type DatabaseFormat, openDatabase } from '../../src/catalog/open-database.js';

const format: DatabaseFormat = {
  name: 'a file',
  applicationId: 1,
  migrations: ['CREATE TABLE rows (a)'],
  journalMode: 'delete',
};

/** Tries to begin a transaction that writes, in another process. */
const script = `
  const database = new (require('better-sqlite3'))(process.argv[1], { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE');
    console.log('begun');
  } catch (error) {
    console.log(error.code);
  }`;

describe('a file that is opened again in one process', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-open-'));
    path = join(folder, 'a.sqlite');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const beginElsewhere = (): string =>
    spawnSync(process.execPath, ['-e', script, path], { encoding: 'utf8' }).stdout.trim();

  it('keeps the locks that the process has on it, until they are given up', () => {
    const first = openDatabase(path, { access: 'write', create: true }, format);
    first.exec('BEGIN IMMEDIATE');
    const second = openDatabase(path, { access: 'read' }, format);
    expect(beginElsewhere()).toBe('SQLITE_BUSY');
    first.exec('COMMIT');
    expect(beginElsewhere()).toBe('begun');
    for (const database of [first, second]) closeDatabase(database);
  });
});
