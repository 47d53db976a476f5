import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlank } from '../catalog/file-identity.js';
import { MedoidError } from '../errors.js';
import { isImageHash } from './image-file.js';

async function hasImages(directory: string): Promise<boolean> {
  const entries = await readdir(join(directory, 'images'), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries.some(entry => entry.isFile() && isImageHash(entry.name));
}

/**
 * A catalog is there before the first image is. One that was lost is not to be made anew: it would know of no image, and
 * those would be removed as images that nothing needs.
 * @throws MedoidError `invalid-gallery`
 */
export async function refuseLostCatalog(directory: string): Promise<void> {
  const path = join(directory, 'catalog.sqlite');
  if (!isBlank(path) || !(await hasImages(directory))) return;
  throw new MedoidError(
    'invalid-gallery',
    `${path} is missing or empty, though there are pictures: restore the gallery from a backup, or use another folder`,
  );
}
