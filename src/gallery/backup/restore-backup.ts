import { mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { syncPath } from '../../durable-file.js';
import { MedoidError, messageOf } from '../../errors.js';
import { imageFile } from '../image-file.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { entryNames } from './backup-format.js';
import { checkContents } from './check-contents.js';
import type { ReadOptions } from './read-archive.js';
import { type UnpackedBackup, unpackBackup } from './unpack-backup.js';

/** What says something of the backup and nothing of the gallery. */
const leftOut = [entryNames.header, entryNames.summary];

async function requireNothingAt(gallery: string): Promise<void> {
  const names = await readdir(gallery).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new MedoidError('out-exists', `${gallery} is there and is no empty folder: ${messageOf(error)}`);
  });
  if (names.length === 0) return;
  throw new MedoidError('out-exists', `${gallery} is there and is not empty: restore to another folder`);
}

/**
 * Where the gallery is to be, links followed.
 * @throws MedoidError `out-exists` for a folder that nothing can take the place of in one step
 */
async function findTarget(gallery: string): Promise<string> {
  const target = await realpath(gallery).catch(() => resolve(gallery));
  await requireNothingAt(target);
  const [own, around] = await Promise.all(
    [target, dirname(target)].map(path => stat(path).catch(() => undefined)),
  );
  if (own !== undefined && own.dev !== around?.dev) {
    throw new MedoidError('out-exists', `${gallery} is a file system of its own: restore to a folder in it`);
  }
  return target;
}

/** Unpacks the backup and checks it, and removes what no gallery has. */
async function fill(file: string, directory: string, options: ReadOptions): Promise<UnpackedBackup> {
  const unpacked = await unpackBackup(file, { ...options, directory, withImages: true });
  const needed = await checkContents({ directory, unpacked });
  for (const name of leftOut) await rm(join(directory, name), { force: true });
  for (const image of unpacked.images) {
    if (!needed.has(image)) await rm(join(directory, imageFile(image)));
  }
  for (const name of ['images', 'models']) await mkdir(join(directory, name), { recursive: true });
  await syncPath(directory);
  return unpacked;
}

/**
 * Makes a gallery of a backup, in a folder that does not exist or is empty. It appears whole and checked, or not at all.
 * @throws MedoidError `out-exists`, `file-unusable`, or what is wrong with the backup
 */
export async function restoreBackup(
  file: string,
  gallery: string,
  options: ReadOptions,
): Promise<UnpackedBackup> {
  const target = await findTarget(gallery);
  const scratch = await mkdtemp(`${target}.`).catch(error => {
    throw new MedoidError('file-unusable', `${gallery} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  });
  try {
    // In a folder of its own, which gets the mode that new folders have here.
    const directory = join(scratch, 'gallery');
    await mkdir(directory);
    const unpacked = await fill(file, directory, options);
    stopIfAborted(options.signal);
    await requireNothingAt(target);
    await rename(directory, target);
    await syncPath(dirname(target));
    return unpacked;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
