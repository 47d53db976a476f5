import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');

const lockedBy = (path: string, cause: unknown): MedoidError =>
  new MedoidError(
    'gallery-locked',
    `another process holds ${path}: wait until it has ended, or open the gallery for reading`,
    { cause },
  );

const unusable = (path: string, cause: unknown): MedoidError =>
  new MedoidError('invalid-gallery', `${path} cannot be locked: ${messageOf(cause)}`, { cause });

/**
 * Lets one process at a time past. The lock is SQLite's own on a file of its own: the operating system takes it
 * back when the process ends, however it ends.
 */
export class ProcessLock {
  private constructor(private readonly database: Database.Database) {}

  /** @throws MedoidError `gallery-locked` or `invalid-gallery` */
  static acquire(path: string): ProcessLock {
    let database: Database.Database | undefined;
    try {
      database = new Database(path, { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database?.close();
      throw isBusy(error) ? lockedBy(path, error) : unusable(path, error);
    }
  }

  close(): void {
    this.database.close();
  }
}
