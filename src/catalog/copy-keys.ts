import { join } from 'node:path';
import { type CopyOptions, copyPages } from './copy-pages.js';
import { hasNoBytes } from './file-identity.js';
import { keyFormat } from './key-store.js';
import { closeDatabase, openDatabase } from './open-database.js';

/**
 * Copies the keys of a gallery as they are at one moment.
 * @returns false where it has none yet
 * @throws MedoidError `invalid-gallery`, or as `copyPages`
 */
export async function copyKeys(gallery: string, target: string, options?: CopyOptions): Promise<boolean> {
  const path = join(gallery, 'keys.sqlite');
  if (hasNoBytes(path)) return false;
  const database = openDatabase(path, { access: 'read', acceptOlder: true }, keyFormat);
  try {
    database.exec('BEGIN');
    await copyPages(database, target, options);
    return true;
  } finally {
    closeDatabase(database);
  }
}
