import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type CopyOptions, copyPages } from './copy-pages.js';
import { keyFormat } from './key-store.js';
import { closeDatabase, openDatabase } from './open-database.js';

/**
 * Copies the keys of a gallery as they are at one moment.
 * @returns false where it has none yet
 * @throws MedoidError `invalid-gallery`, or as `copyPages`
 */
export async function copyKeys(gallery: string, target: string, options?: CopyOptions): Promise<boolean> {
  const path = join(gallery, 'keys.sqlite');
  // Whoever makes the file may not have filled it yet.
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return false;
  const database = openDatabase(path, { access: 'read', acceptOlder: true }, keyFormat);
  try {
    database.exec('BEGIN');
    await copyPages(database, target, options);
    return true;
  } finally {
    closeDatabase(database);
  }
}
