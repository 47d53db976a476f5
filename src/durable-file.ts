import { mkdir, open, rename } from 'node:fs/promises';
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

/** Makes a folder, and those above it that are missing, so that a power cut leaves them. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let folder = resolve(path); folder !== above; folder = dirname(folder))
    await syncPath(dirname(folder));
}

/** Gives a finished, synced temporary file its name: readers see the old file or the new one, never a part. */
export async function moveIntoPlace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/**
 * Writes a whole file so that a crash at any moment leaves the old one or the new one.
 * @param temporary a path on the same file system which nobody else uses
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  temporary = `${path}.tmp`,
): Promise<void> {
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await moveIntoPlace(temporary, path);
}
