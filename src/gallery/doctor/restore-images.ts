import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MedoidError, messageOf } from '../../errors.js';
import { hashImage } from '../../images/decode.js';
import type { MendedGallery } from './check.js';
import { hashFile } from './examine-image.js';

async function* listFiles(path: string, notify: MendedGallery['notify']): AsyncGenerator<string> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    notify(`${path} could not be looked through: ${messageOf(error)}`);
    return;
  }
  for (const entry of entries) {
    const child = join(path, entry.name);
    // Links to folders are not followed, so that there are no loops.
    if (entry.isDirectory()) yield* listFiles(child, notify);
    else if (entry.isFile() || entry.isSymbolicLink()) yield child;
  }
}

/** @throws MedoidError `file-not-found` */
export async function requireOriginals(path: string): Promise<void> {
  await stat(path).catch(error => {
    throw new MedoidError('file-not-found', `expected a file or folder of originals: ${messageOf(error)}`, {
      field: 'from',
      cause: error,
    });
  });
}

/** @returns whether it was one of those that are looked for */
async function offer(
  path: string,
  wanted: Set<string>,
  { images }: Pick<MendedGallery, 'images'>,
): Promise<boolean> {
  if (!(await stat(path)).isFile() || !wanted.has((await hashFile(path)).sha256)) return false;
  const bytes = await readFile(path);
  // It may have been written to since.
  const sha256 = hashImage(bytes);
  if (!wanted.delete(sha256)) return false;
  await images.put(bytes, sha256);
  return true;
}

/**
 * Puts back the images that are among some files, whatever their names. A file that cannot be read is told of and
 * passed over.
 */
export async function restoreImages(
  gallery: MendedGallery,
  { from, wanted }: { readonly from: string; readonly wanted: readonly string[] },
): Promise<void> {
  const { takeTurn, notify } = gallery;
  const missing = new Set(wanted);
  const isFolder = (await stat(from)).isDirectory();
  for await (const path of isFolder ? listFiles(from, notify) : [from]) {
    if (missing.size === 0) return;
    await takeTurn();
    try {
      await offer(path, missing, gallery);
    } catch (error) {
      notify(`${path} could not be put back: ${messageOf(error)}`);
    }
  }
}
