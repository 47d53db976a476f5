import { MedoidError } from '../errors.js';
import { findDatabaseFaults } from './find-database-faults.js';
import { keyFormat } from './key-store.js';
import { catalogFormat, closeDatabase, type DatabaseFormat, openDatabase } from './open-database.js';

/** Rows that belong to none, in words; nothing where all belong together. */
function findStrays(path: string, format: DatabaseFormat): string | undefined {
  const database = openDatabase(path, { access: 'read' }, format);
  try {
    const [stray] = database.prepare('PRAGMA foreign_key_check').all() as { table: string; parent: string }[];
    return stray && `a row of ${stray.table} belongs to none of ${stray.parent}`;
  } finally {
    closeDatabase(database);
  }
}

/**
 * Brings a file that nobody else has open to the newest version, and reads all of it.
 * @throws MedoidError `invalid-gallery` when it is of another kind, newer than this program, or damaged
 */
function checkDatabase(path: string, format: DatabaseFormat): void {
  closeDatabase(openDatabase(path, { access: 'write' }, format));
  const [fault] = findDatabaseFaults(path, format);
  const detail = fault?.detail ?? findStrays(path, format);
  if (detail !== undefined) throw new MedoidError('invalid-gallery', `${path} is damaged: ${detail}`);
}

/** @throws MedoidError as `checkDatabase` */
export const checkCatalog = (path: string): void => checkDatabase(path, catalogFormat);

/** @throws MedoidError as `checkDatabase` */
export const checkKeys = (path: string): void => checkDatabase(path, keyFormat);
