import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';
import { migrations } from './migrations.js';

/** `MEDO` in ASCII: tells a catalog from any other SQLite file. */
const applicationId = 0x4d45444f;
const busyTimeoutMs = 10_000;

export interface OpenOptions {
  readonly access: 'read' | 'write';
  /** Makes a new file where there is none; with `write` access only. */
  readonly create?: boolean;
}

const numberOf = (database: Database.Database, pragma: string): number =>
  Number(database.pragma(pragma, { simple: true }));

/** Refuses what is not a catalog or is newer than this program, before anything is changed. */
function checkVersion(database: Database.Database, path: string): number {
  const version = numberOf(database, 'user_version');
  const tables = Number(database.prepare('SELECT count(*) FROM sqlite_master').pluck().get());
  const isNew = version === 0 && tables === 0;
  if (!isNew && numberOf(database, 'application_id') !== applicationId) {
    throw new MedoidError('invalid-gallery', `${path} is a SQLite file, but not a catalog of Medoid`);
  }
  if (version > migrations.length) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}; this Medoid knows versions up to ${migrations.length}: use a newer one`,
    );
  }
  return version;
}

function migrate(database: Database.Database, from: number): void {
  database.transaction(() => {
    for (const sql of migrations.slice(from)) database.exec(sql);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}

function prepare(database: Database.Database, path: string, access: OpenOptions['access']): void {
  const version = checkVersion(database, path);
  if (access === 'write') {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    if (version < migrations.length) migrate(database, version);
  } else if (version < migrations.length) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}, expected ${migrations.length}: open it once for writing`,
    );
  }
  database.pragma('foreign_keys = ON');
}

/**
 * Opens a catalog file and brings it to the newest version.
 * @throws MedoidError `file-not-found` or `invalid-gallery`
 */
export function openDatabase(path: string, { access, create = false }: OpenOptions): Database.Database {
  if (!(create && access === 'write') && !existsSync(path)) {
    throw new MedoidError('file-not-found', `expected a gallery, but there is no ${path}`);
  }
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: access === 'read', timeout: busyTimeoutMs });
    prepare(database, path, access);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('invalid-gallery', `${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Closes a catalog file. The last writer leaves it as one file without a write-ahead log, which can then be read from
 * a folder that nothing may be written to. While others have it open it stays as it is.
 */
export function closeDatabase(database: Database.Database): void {
  if (!database.open) return;
  if (!database.readonly) {
    database.pragma('busy_timeout = 0');
    try {
      database.pragma('journal_mode = DELETE');
    } catch (error) {
      const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!isBusy) throw error;
    }
  }
  database.close();
}
