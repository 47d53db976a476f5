import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Waits until what was written to a file, or the names in a folder, would survive a power cut. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a finished, synced temporary file its name: readers see the old file or the new one, never a part. */
export async function moveIntoPlace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Makes a folder, with those above it that are missing, each of them there for good when it returns. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const outermost = dirname(resolve(first));
  for (let made = resolve(path); made !== outermost; made = dirname(made)) await syncPath(dirname(made));
}

/**
 * Writes a whole file so that a crash at any moment leaves the old one or the new one. Of one that cannot be written
 * nothing is left: on a full disk it would be in the way.
 * @param temporary a path on the same file system which nobody else uses
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  temporary = `${path}.tmp`,
): Promise<void> {
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await moveIntoPlace(temporary, path);
  } catch (error) {
    // Why it could not be written is what is to be told.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
