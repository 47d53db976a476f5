import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';
import { storageTrouble } from '../storage-trouble.js';
import { type FileIdentity, glanceAtIdentity, readIdentity } from './file-identity.js';
import { migrations } from './migrations.js';
import { noteClosed, noteOpen } from './open-files.js';

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

export const catalogFormat: DatabaseFormat = {
  name: 'a catalog',
  // `MEDO` in ASCII.
  applicationId: 0x4d45444f,
  migrations,
  journalMode: 'wal',
};

export const busyTimeoutMs = 10_000;

export interface OpenOptions {
  readonly access: 'read' | 'write';
  /** Makes a new file where there is none; with `write` access only. */
  readonly create?: boolean;
  /** Takes a file of an older version as it is; with `read` access only, and for queries that know of it. */
  readonly acceptOlder?: boolean;
}

interface Use {
  readonly access: OpenOptions['access'];
  readonly acceptOlder: boolean;
  readonly format: DatabaseFormat;
}

/** @throws MedoidError `invalid-gallery` when the file cannot be used so, by this program */
function checkIdentity(
  { version, applicationId, isEmpty }: FileIdentity,
  path: string,
  { access, acceptOlder, format }: Use,
): void {
  if (!isEmpty && applicationId !== format.applicationId) {
    throw new MedoidError('invalid-gallery', `${path} is a SQLite file, but not ${format.name} of Medoid`);
  }
  // Opened for writing it would become a new one, which is no way to get back what was in it.
  if (isEmpty && access === 'read') {
    throw new MedoidError('invalid-gallery', `${path} is empty: expected ${format.name}`);
  }
  const newest = format.migrations.length;
  if (version > newest) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}; this Medoid knows versions up to ${newest}: use a newer one`,
    );
  }
  if (version < newest && access === 'read' && !acceptOlder) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} has version ${version}, expected ${newest}: open it once for writing`,
    );
  }
}

/** All steps or none: what fails leaves the file as it was. */
function migrate(
  database: Database.Database,
  path: string,
  { applicationId, migrations }: DatabaseFormat,
): void {
  const { version } = readIdentity(database);
  const work = database.transaction(() => {
    // Asked again, now that no other process can do the same in between.
    for (const sql of migrations.slice(readIdentity(database).version)) database.exec(sql);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${migrations.length}`);
  });
  try {
    work.immediate();
  } catch (error) {
    throw new MedoidError(
      'invalid-gallery',
      `${path} was left at version ${version}, it cannot be brought to ${migrations.length}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** On a full disk it stays as it is: a file that is whole can be read, and written once there is room. */
function setJournalMode(database: Database.Database, mode: DatabaseFormat['journalMode']): void {
  try {
    database.pragma(`journal_mode = ${mode}`);
  } catch (error) {
    if (storageTrouble(error) !== 'storage-full') throw error;
  }
}

function prepare(database: Database.Database, path: string, use: Use): void {
  const identity = readIdentity(database);
  checkIdentity(identity, path, use);
  const { access, format } = use;
  if (access === 'write') {
    database.pragma('synchronous = FULL');
    // Before the change of the journal, so that a file whose migration fails is as it was to the byte.
    if (identity.version < format.migrations.length) migrate(database, path, format);
    setJournalMode(database, format.journalMode);
  }
  database.pragma('foreign_keys = ON');
}

/** To read a log takes an index of it, and to undo a change takes writing: neither can be had in a read-only folder. */
function explain(error: unknown, path: string, access: OpenOptions['access']): MedoidError {
  const isLeftOpen =
    access === 'read' &&
    error instanceof Database.SqliteError &&
    /^SQLITE_(CANTOPEN|READONLY)/.test(error.code);
  const message = isLeftOpen
    ? `${path} was not closed by the process that wrote to it last, and cannot be read in a folder that may not be written to: open it once for writing`
    : `${path} cannot be opened: ${messageOf(error)}`;
  return new MedoidError('invalid-gallery', message, { cause: error });
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
  const use: Use = { access, acceptOlder, format };
  let database: Database.Database | undefined;
  try {
    // Before SQLite opens it, and so before anything of it is changed.
    const identity = glanceAtIdentity(path);
    if (identity !== undefined) checkIdentity(identity, path, use);
    database = new Database(path, { readonly: access === 'read', timeout: busyTimeoutMs });
    prepare(database, path, use);
    noteOpen(database);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof MedoidError ? error : explain(error, path, access);
  }
}

/** Others have the file open, or the disk takes nothing more. */
const staysInLog = /^SQLITE_(BUSY|FULL|READONLY|IOERR|CANTOPEN)/;

/**
 * Closes such a file. The last writer leaves it as one file without a write-ahead log, which can then be read from
 * a folder that nothing may be written to. While others have it open, or where that cannot be written, it stays as it is.
 */
export function closeDatabase(database: Database.Database): void {
  if (!database.open) return;
  if (!database.readonly) {
    database.pragma('busy_timeout = 0');
    try {
      database.pragma('journal_mode = DELETE');
    } catch (error) {
      // Nothing is lost: what is in the log is read from there.
      if (!(error instanceof Database.SqliteError && staysInLog.test(error.code))) throw error;
    }
  }
  database.close();
  noteClosed(database);
}
