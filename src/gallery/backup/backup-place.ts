import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { MedoidError, messageOf } from '../../errors.js';

interface PlaceOptions {
  readonly gallery: string;
  readonly overwrite: boolean;
}

async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw new MedoidError('file-not-found', `expected the folder ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** @throws MedoidError `out-exists` where there is something that may not be replaced */
export async function requireFree(
  file: string,
  { overwrite }: Pick<PlaceOptions, 'overwrite'>,
): Promise<void> {
  const there = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined || (overwrite && there.isFile())) return;
  const advice = there.isFile() ? ': --overwrite replaces it' : ' and is no file: it will not be replaced';
  throw new MedoidError('out-exists', `${file} is there${advice}`, { field: 'file' });
}

/**
 * Where a backup may be written: outside of the gallery, which would grow with each.
 * @throws MedoidError `file-not-found`, `out-exists` or `invalid-option`
 */
export async function checkPlace(file: string, { gallery, overwrite }: PlaceOptions): Promise<void> {
  await requireFree(file, { overwrite });
  const folder = await realFolder(dirname(resolve(file)));
  const fromGallery = relative(await realFolder(gallery), join(folder, 'backup'));
  if (fromGallery.startsWith(`..${sep}`)) return;
  throw new MedoidError('invalid-option', `${file} lies in the gallery: expected a place outside of it`, {
    field: 'file',
  });
}
