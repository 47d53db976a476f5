import { timingSafeEqual } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';
import { createApiKey, formatApiKey, hashSecret, parseApiKey } from './api-key.js';
import { hasNoBytes } from './file-identity.js';
import { keyMigrations } from './key-migrations.js';
import { type KeyRow, type KeyScope, keyScopes, parseKeyRow } from './key-rows.js';
import { closeDatabase, type DatabaseFormat, openDatabase } from './open-database.js';

export type KeyRecord = Omit<KeyRow, 'hash'>;
export type VerifiedKey = Pick<KeyRecord, 'id' | 'name' | 'scopes' | 'rateLimit'>;

export interface NewKey {
  readonly name: string;
  /** Each includes those before it in `keyScopes`. */
  readonly scopes: readonly [KeyScope, ...KeyScope[]];
  /** Requests a minute; 0 = no limit, null = as the server has it. */
  readonly rateLimit: number | null;
}

export interface KeyStoreOptions {
  /** With `write` it is noted when a key was last used, too. */
  readonly access: 'read' | 'write';
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told when the last use of a key could not be noted, which is no reason to refuse it. */
  readonly onNotice: (message: string) => void;
}

interface CachedKey {
  readonly row: KeyRow;
  /** Milliseconds since 1970; -Infinity when it never was. */
  usedAt: number;
}

export const keyFormat: DatabaseFormat = {
  name: 'a key file',
  // `MEDK` in ASCII.
  applicationId: 0x4d45444b,
  migrations: keyMigrations,
  // One file without a log beside it: it is written seldom, and read from folders that nothing may be written to.
  journalMode: 'delete',
};

/** Every use of the file is short. */
const busyTimeoutMs = 1000;

/** How coarse the last use is: a write for each request would cost more than the request. */
const useIntervalMs = 60_000;

const prepareStatements = (database: Database.Database) => ({
  dataVersion: database.prepare('PRAGMA data_version').pluck(),
  all: database.prepare('SELECT * FROM keys ORDER BY created_at, id'),
  find: database.prepare('SELECT * FROM keys WHERE id = ?'),
  add: database.prepare(
    `INSERT INTO keys (id, name, hash, scopes, rate_limit, created_at)
     VALUES (@id, @name, @hash, @scopes, @rateLimit, @createdAt)`,
  ),
  revoke: database.prepare('UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL'),
  noteUse: database.prepare('UPDATE keys SET last_used_at = ? WHERE id = ?'),
});

interface Connection {
  readonly database: Database.Database;
  readonly statements: ReturnType<typeof prepareStatements>;
}

const widen = (scopes: NewKey['scopes']): readonly KeyScope[] =>
  keyScopes.slice(0, Math.max(...scopes.map(scope => keyScopes.indexOf(scope))) + 1);

const timeOf = (timestamp: string | null): number =>
  timestamp === null ? Number.NEGATIVE_INFINITY : Date.parse(timestamp);

const withoutHash = ({ hash: _, ...record }: KeyRow): KeyRecord => record;

/**
 * The API keys of a gallery, in a file of their own beside the catalog: they may be changed while a server has the
 * gallery open for writing, and it sees the change with the next request. Of a key only a hash of its secret is kept.
 */
export class KeyStore {
  private readonly path: string;
  private readonly now: () => number;
  private connection: Connection | undefined;
  private cached: { readonly version: unknown; readonly keys: ReadonlyMap<string, CachedKey> } | undefined;

  private constructor(
    directory: string,
    private readonly options: KeyStoreOptions,
  ) {
    this.path = join(directory, 'keys.sqlite');
    this.now = options.now ?? Date.now;
  }

  /**
   * A gallery without the file has no keys yet; the first one makes it, and every store sees that.
   * @throws MedoidError `file-not-found` when there is no such folder, `invalid-gallery`
   */
  static open(directory: string, options: KeyStoreOptions): KeyStore {
    if (!existsSync(directory)) {
      throw new MedoidError(
        'file-not-found',
        `expected the folder of a gallery, but there is no ${directory}`,
      );
    }
    const store = new KeyStore(directory, options);
    store.connect();
    return store;
  }

  close(): void {
    if (this.connection !== undefined) closeDatabase(this.connection.database);
    this.connection = undefined;
  }

  /** `key` is told this once and never again. */
  create({ name, scopes, rateLimit }: NewKey): { readonly key: string; readonly record: KeyRecord } {
    const { database, statements } = this.connectForWriting();
    const add = database.transaction(() => {
      let key = createApiKey();
      while (statements.find.get(key.id) !== undefined) key = createApiKey();
      const columns = { id: key.id, name, rateLimit, hash: hashSecret(key.secret) };
      statements.add.run({ ...columns, scopes: widen(scopes).join(','), createdAt: this.timestamp() });
      return { key: formatApiKey(key), record: withoutHash(parseKeyRow(statements.find.get(key.id))) };
    });
    const created = add.immediate();
    this.cached = undefined;
    return created;
  }

  /** In the order they were made, revoked ones too. */
  list(): KeyRecord[] {
    const rows = this.connect()?.statements.all.all() ?? [];
    return rows.map(row => withoutHash(parseKeyRow(row)));
  }

  /** From now on it is refused; one that was revoked before stays as it was. @throws MedoidError `not-found` */
  revoke(id: string): KeyRecord {
    const connection = this.connect();
    connection?.statements.revoke.run(this.timestamp(), id);
    this.cached = undefined;
    const row = connection?.statements.find.get(id);
    if (row === undefined) {
      throw new MedoidError('not-found', `the gallery has no key ${JSON.stringify(id)}`, { field: 'id' });
    }
    return withoutHash(parseKeyRow(row));
  }

  /** What the key may do; nothing when it is none, unknown or revoked. @throws MedoidError `invalid-gallery` */
  verify(text: string): VerifiedKey | undefined {
    const key = parseApiKey(text);
    if (key === undefined) return undefined;
    const cached = this.load().get(key.id);
    if (cached === undefined || cached.row.revokedAt !== null) return undefined;
    if (!timingSafeEqual(cached.row.hash, hashSecret(key.secret))) return undefined;
    this.noteUse(cached);
    const { id, name, scopes, rateLimit } = cached.row;
    return { id, name, scopes, rateLimit };
  }

  private timestamp(): string {
    return new Date(this.now()).toISOString();
  }

  /** Every key by its id, read anew when this or another process has changed one. */
  private load(): ReadonlyMap<string, CachedKey> {
    const statements = this.connect()?.statements;
    if (statements === undefined) return new Map();
    const version = statements.dataVersion.get();
    if (this.cached === undefined || this.cached.version !== version) {
      const rows = statements.all.all().map(parseKeyRow);
      const entries = rows.map(row => [row.id, { row, usedAt: timeOf(row.lastUsedAt) }] as const);
      this.cached = { version, keys: new Map(entries) };
    }
    return this.cached.keys;
  }

  private noteUse(key: CachedKey): void {
    if (this.options.access === 'read') return;
    const now = this.now();
    if (now - key.usedAt < useIntervalMs) return;
    key.usedAt = now;
    try {
      this.connection?.statements.noteUse.run(new Date(now).toISOString(), key.row.id);
    } catch (error) {
      this.options.onNotice(`${this.path}: the use of key ${key.row.id} was not noted: ${messageOf(error)}`);
    }
  }

  private connect(): Connection | undefined {
    if (this.connection !== undefined) return this.connection;
    if (!hasNoBytes(this.path)) this.connection = this.openConnection();
    return this.connection;
  }

  private connectForWriting(): Connection {
    const connection = this.connect();
    if (connection !== undefined) return connection;
    // SQLite would let others on the machine read it; what it puts beside the file gets the mode of the file.
    closeSync(openSync(this.path, 'a', 0o600));
    this.connection = this.openConnection();
    return this.connection;
  }

  private openConnection(): Connection {
    const database = openDatabase(this.path, { access: this.options.access }, keyFormat);
    // A server waits in its only thread.
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    return { database, statements: prepareStatements(database) };
  }
}
