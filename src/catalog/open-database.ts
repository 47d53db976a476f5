import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';
import { migrations } from './migrations.js';

/** What a kind of SQLite file is known by and made with. */
export interface DatabaseFormat {
  /** In words: `a catalog`. */
  readonly name: string;
  /** Tells it from any other SQLite file. */
  readonly applicationId: number;
  /** Each takes the file from version i to i + 1. */
  readonly migrations: readonly string[];
  /** A write-ahead log lets readers and the writer not wait for each other, but is a file more beside it. */
  readonly journalMode: 'wal' | 'delete';
}

const catalogFormat: DatabaseFormat = {
  name: 'a catalog',
  // `MEDO` in ASCII.
  applicationId: 0x4d45444f,
  migrations,
  journalMode: 'wal',
};

const busyTimeoutMs = 10_000;

export interface OpenOptions {
  readonly access: 'read' | 'write';
  /** Makes a new file where there is none; with `write` access only. */
  readonly create?: boolean;
  /** Takes a file of an older version as it is; with `read` access only, and for queries that know of it. */
  readonly acceptOlder?: boolean;
}

const numberOf = (database: Database.Database, pragma: string): number =>
  Number(database.pragma(pragma, { simple: true }));

/** Refuses what is of another kind or is newer than this program, before anything is changed. */
function checkVersion(
  database: Database.Database,
  path: string,
  { name, applicationId, migrations }: DatabaseFormat,
): number {
  const version = numberOf(database, 'user_version');
  const tables = Number(database.prepare('SELECT count(*) FROM sqlite_master').pluck().get());
  const isNew = version === 0 && tables === 0;
  if (!isNew && numberOf(database, 'application_id') !== applicationId) {
    throw new MedoidError('invalid-gallery', `${path} is a SQLite file, but not ${name} of Medoid`);
  }
  if (version > migrations.length) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}; this Medoid knows versions up to ${migrations.length}: use a newer one`,
    );
  }
  return version;
}

function migrate(database: Database.Database, { applicationId, migrations }: DatabaseFormat): void {
  const work = database.transaction(() => {
    // Asked again, now that no other process can do the same in between.
    for (const sql of migrations.slice(numberOf(database, 'user_version'))) database.exec(sql);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${migrations.length}`);
  });
  work.immediate();
}

function prepare(
  database: Database.Database,
  path: string,
  { access, acceptOlder, format }: OpenOptions & { readonly format: DatabaseFormat },
): void {
  const version = checkVersion(database, path, format);
  const newest = format.migrations.length;
  if (access === 'write') {
    database.pragma(`journal_mode = ${format.journalMode}`);
    database.pragma('synchronous = FULL');
    if (version < newest) migrate(database, format);
  } else if (version < newest && !acceptOlder) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}, expected ${newest}: open it once for writing`,
    );
  }
  database.pragma('foreign_keys = ON');
}

/**
 * Opens a file of the format, unless told otherwise a catalog, and brings it to the newest version.
 * @throws MedoidError `file-not-found` or `invalid-gallery`
 */
export function openDatabase(
  path: string,
  { access, create = false, acceptOlder = false }: OpenOptions,
  format = catalogFormat,
): Database.Database {
  if (!(create && access === 'write') && !existsSync(path)) {
    throw new MedoidError('file-not-found', `expected a gallery, but there is no ${path}`);
  }
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: access === 'read', timeout: busyTimeoutMs });
    prepare(database, path, { access, acceptOlder, format });
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
 * Closes such a file. The last writer leaves it as one file without a write-ahead log, which can then be read from
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
