import Database from 'better-sqlite3';
import { messageOf } from '../errors.js';
import { readNumber } from './file-identity.js';
import { busyTimeoutMs, type DatabaseFormat } from './open-database.js';

/** What can be wrong with a SQLite file as such; `indexes`: the tables are whole, and what was made from them is not. */
export type DatabaseFaultKind =
  | 'unreadable'
  | 'foreign'
  | 'newer'
  | 'older'
  | 'malformed'
  | 'schema'
  | 'indexes';

export interface DatabaseFault {
  readonly kind: DatabaseFaultKind;
  /** What was expected and what came. */
  readonly detail: string;
}

const shownMessages = 5;
/** Larger than any number of messages that SQLite counts. */
const mostMessages = 2 ** 31 - 1;

/** Of what only an index says otherwise than its table, which `REINDEX` writes anew from the table. */
const ofIndexes =
  /^(row \d+ missing from index |wrong # of entries in index |row \d+ values differ from index )/;
/** Of a row that breaks a condition of its column, which whoever parses the rows tells with the row. */
const ofRows = /^(CHECK constraint failed in |NULL value in |non-\w+ value in |\w+ value in )/;

/** Counts what it is given, and shows the first few. */
class Messages {
  private readonly first: string[] = [];
  count = 0;

  add(message: string): void {
    this.count++;
    if (this.first.length < shownMessages) this.first.push(message);
  }

  toString(): string {
    const rest = this.count - this.first.length;
    return this.first.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
  }
}

function checkIntegrity(database: Database.Database): DatabaseFault[] {
  const malformed = new Messages();
  const indexes = new Messages();
  for (const message of database.prepare(`PRAGMA integrity_check(${mostMessages})`).pluck().iterate()) {
    const text = String(message);
    if (text === 'ok' || ofRows.test(text)) continue;
    (ofIndexes.test(text) ? indexes : malformed).add(text);
  }
  if (malformed.count > 0) return [{ kind: 'malformed', detail: String(malformed) }];
  return indexes.count > 0 ? [{ kind: 'indexes', detail: String(indexes) }] : [];
}

/** Every table, index and trigger, by its name, as it was made. */
function readSchema(database: Database.Database): Map<string, string | null> {
  const rows = database
    .prepare(`SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'`)
    .raw();
  return new Map(rows.all() as [string, string | null][]);
}

function checkSchema(database: Database.Database, { migrations }: DatabaseFormat): DatabaseFault[] {
  const model = new Database(':memory:');
  try {
    for (const sql of migrations) model.exec(sql);
    const expected = readSchema(model);
    const actual = readSchema(database);
    const missing = [...expected.keys()].filter(name => !actual.has(name));
    const other = [...expected].filter(([name, sql]) => actual.has(name) && actual.get(name) !== sql);
    const parts = [
      ...missing.map(name => `there is no ${name}`),
      ...other.map(([name]) => `${name} is another than this Medoid makes`),
    ];
    return parts.length === 0 ? [] : [{ kind: 'schema', detail: parts.join('; ') }];
  } finally {
    model.close();
  }
}

function findFaults(database: Database.Database, format: DatabaseFormat): DatabaseFault[] {
  if (readNumber(database, 'application_id') !== format.applicationId) {
    return [{ kind: 'foreign', detail: `expected ${format.name} of Medoid, got another SQLite file` }];
  }
  const version = readNumber(database, 'user_version');
  const newest = format.migrations.length;
  if (version > newest) {
    return [{ kind: 'newer', detail: `expected version ${newest} or older, got ${version}` }];
  }
  const faults = checkIntegrity(database);
  if (faults.length > 0) return faults;
  if (version < newest) return [{ kind: 'older', detail: `expected version ${newest}, got ${version}` }];
  return checkSchema(database, format);
}

/**
 * Reads all of a SQLite file without changing it, in one piece: that takes about as long as reading the file does.
 * @returns none when it can be relied upon
 */
export function findDatabaseFaults(path: string, format: DatabaseFormat): DatabaseFault[] {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { readonly: true, timeout: busyTimeoutMs });
    return findFaults(database, format);
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : '';
    const isMalformed = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
    return [{ kind: isMalformed ? 'malformed' : 'unreadable', detail: messageOf(error) }];
  } finally {
    database?.close();
  }
}
