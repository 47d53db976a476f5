import { MedoidError, messageOf } from '../errors.js';
import { keyFormat } from './key-store.js';
import { closeDatabase, type DatabaseFormat, openDatabase } from './open-database.js';

const shownProblems = 3;

/** What SQLite finds wrong, as text; nothing where all is well. */
function findProblems(path: string, format: DatabaseFormat | undefined): string[] {
  const database = openDatabase(path, { access: 'write' }, format);
  try {
    const integrity = database.prepare('PRAGMA integrity_check').pluck().all() as string[];
    const strays = database.prepare('PRAGMA foreign_key_check').all() as { table: string; parent: string }[];
    return [
      ...integrity.filter(line => line !== 'ok'),
      ...strays.map(({ table, parent }) => `a row of ${table} belongs to none of ${parent}`),
    ];
  } finally {
    closeDatabase(database);
  }
}

/**
 * Brings a file that nobody else has open to the newest version, and reads all of it.
 * @throws MedoidError `invalid-gallery` when it is of another kind, newer than this program, or damaged
 */
function checkDatabase(path: string, format?: DatabaseFormat): void {
  let problems: string[];
  try {
    problems = findProblems(path, format);
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('invalid-gallery', `${path} is damaged: ${messageOf(error)}`, { cause: error });
  }
  if (problems.length === 0) return;
  const shown = problems.slice(0, shownProblems).join('; ');
  throw new MedoidError('invalid-gallery', `${path} is damaged: ${shown}`);
}

/** @throws MedoidError as `checkDatabase` */
export const checkCatalog = (path: string): void => checkDatabase(path);

/** @throws MedoidError as `checkDatabase` */
export const checkKeys = (path: string): void => checkDatabase(path, keyFormat);
