import { mkdtemp, rm } from 'node:fs/promises';
import { checkContents } from './check-contents.js';
import type { ReadOptions } from './read-archive.js';
import { type UnpackedBackup, unpackBackup } from './unpack-backup.js';

/**
 * Does all that restoring does, but keeps nothing.
 * @param scratch beginning of the path of a folder for the databases and the models while they are looked at
 * @throws MedoidError what is wrong with it
 */
export async function verifyBackup(
  file: string,
  { scratch, ...options }: ReadOptions & { readonly scratch: string },
): Promise<UnpackedBackup> {
  const directory = await mkdtemp(scratch);
  try {
    const unpacked = await unpackBackup(file, { ...options, directory, withImages: false });
    await checkContents({ directory, unpacked });
    return unpacked;
  } finally {
    await rm(directory, { recursive: true });
  }
}
