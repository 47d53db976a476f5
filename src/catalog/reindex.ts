import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';

/**
 * Writes every index of a SQLite file anew from its table: all or nothing.
 * @throws MedoidError `invalid-gallery` when the tables do not allow it, such as two rows where one may be
 */
export function reindex(path: string): void {
  const database = new Database(path);
  try {
    database.pragma('synchronous = FULL');
    database.exec('REINDEX');
  } catch (error) {
    throw new MedoidError('invalid-gallery', `${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    database.close();
  }
}
