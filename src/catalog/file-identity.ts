import { existsSync, realpathSync, statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { isOpenHere } from './open-files.js';
import { readAt, withFile } from './read-at.js';
import { readLoggedPage } from './read-logged-page.js';

/** What a SQLite file says it is. */
export interface FileIdentity {
  readonly version: number;
  readonly applicationId: number;
  /** There is nothing in it, of whatever kind. */
  readonly isEmpty: boolean;
}

export const readNumber = (database: Database.Database, pragma: string): number =>
  Number(database.pragma(pragma, { simple: true }));

export function readIdentity(database: Database.Database): FileIdentity {
  const tables = Number(database.prepare('SELECT count(*) FROM sqlite_master').pluck().get());
  const version = readNumber(database, 'user_version');
  return {
    version,
    applicationId: readNumber(database, 'application_id'),
    isEmpty: version === 0 && tables === 0,
  };
}

const magic = 'SQLite format 3\0';
/** The header of the file, and the fixed part of that of its first page, which is the root of `sqlite_master`. */
const startBytes = 108;
const leafOfTable = 13;

/** https://sqlite.org/fileformat2.html#the_database_header */
function parseIdentity(start: Buffer): FileIdentity | undefined {
  if (start.toString('latin1', 0, magic.length) !== magic) return undefined;
  const version = start.readInt32BE(60);
  const hasNoRows = start[100] === leafOfTable && start.readUInt16BE(103) === 0;
  return { version, applicationId: start.readInt32BE(68), isEmpty: version === 0 && hasNoRows };
}

/**
 * What a file says it is, read without SQLite, which would change the file or what lies beside it: it takes the log of a
 * process that was killed into the file, and makes an index of the log.
 * @returns nothing where only SQLite can tell: of no file, none of SQLite, one that is open in this process (and was
 * looked at before), or one whose last change is yet to be undone
 */
export function glanceAtIdentity(path: string): FileIdentity | undefined {
  if (!existsSync(path) || isOpenHere(path)) return undefined;
  // What lies beside it goes by the name of the file itself.
  const file = realpathSync(path);
  if (existsSync(`${file}-journal`)) return undefined;
  // The log before the file: what is taken out of it meanwhile is in the file by then.
  const start = readLoggedPage(`${file}-wal`) ?? withFile(file, opened => readAt(opened, 0, startBytes));
  return start === undefined ? undefined : parseIdentity(start);
}

/** There is none, or whoever makes it has not filled it yet. */
export const hasNoBytes = (path: string): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;

/** Whether opening it for writing would make a new file of it: there is none, or one with nothing in it. */
export const isBlank = (path: string): boolean =>
  hasNoBytes(path) || (glanceAtIdentity(path)?.isEmpty ?? false);
