import { accessSync, constants } from 'node:fs';
import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');

/** What is locked: a gallery, or the folder of a training or a comparison. */
const kinds = {
  gallery: {
    locked: 'gallery-locked',
    unusable: 'invalid-gallery',
    advice: 'wait until it has ended, or open the gallery for reading (serve --read-only)',
  },
  run: { locked: 'run-locked', unusable: 'file-unusable', advice: 'wait until it has ended' },
} as const;

/**
 * Lets one process at a time past. The lock is SQLite's own on a file of its own: the operating system takes it
 * back when the process ends, however it ends.
 */
export class ProcessLock {
  private constructor(private readonly database: Database.Database) {}

  /** @throws MedoidError `gallery-locked` or `invalid-gallery`; of a run `run-locked` or `file-unusable` */
  static acquire(path: string, kind: keyof typeof kinds = 'gallery'): ProcessLock {
    const { locked, unusable, advice } = kinds[kind];
    let database: Database.Database | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      // Of a file that may only be read SQLite gives a lock that keeps nobody out.
      accessSync(path, constants.W_OK);
      // No file beside it: there may be no room for one.
      database.pragma('journal_mode = MEMORY');
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database?.close();
      if (isBusy(error)) {
        throw new MedoidError(locked, `another process holds ${path}: ${advice}`, { cause: error });
      }
      throw new MedoidError(unusable, `${path} cannot be locked: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): void {
    this.database.close();
  }
}
