import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncPath } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import { hashImage } from '../images/decode.js';

/** Copies of images, each named by the hash of its bytes: `<directory>/ab/<sha256>`. */
export interface ImageStore {
  /** Has the image on disk for good when it returns. */
  put(bytes: Uint8Array, sha256: string): Promise<void>;
  /** @throws MedoidError `invalid-gallery` when the copy is missing or damaged */
  read(sha256: string): Promise<Buffer>;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const temporaryFolder = (directory: string): string => join(directory, 'tmp');

/** What a process that was killed left half-written. */
export const removeUnfinishedImages = (directory: string): Promise<void> =>
  rm(temporaryFolder(directory), { recursive: true, force: true });

export function createImageStore(directory: string): ImageStore {
  const pathOf = (sha256: string): string => join(directory, sha256.slice(0, 2), sha256);
  return {
    async put(bytes, sha256) {
      const path = pathOf(sha256);
      if ((await sizeOf(path)) === bytes.length) return;
      const made = await mkdir(join(directory, sha256.slice(0, 2)), { recursive: true });
      if (made !== undefined) await syncPath(directory);
      await mkdir(temporaryFolder(directory), { recursive: true });
      await replaceFile(path, bytes, join(temporaryFolder(directory), randomUUID()));
    },
    async read(sha256) {
      const path = pathOf(sha256);
      const bytes = await readFile(path).catch(error => {
        throw new MedoidError('invalid-gallery', `an image is missing: ${messageOf(error)}`, {
          cause: error,
        });
      });
      const actual = hashImage(bytes);
      if (actual === sha256) return bytes;
      throw new MedoidError('invalid-gallery', `${path} is damaged: its bytes have SHA-256 ${actual}`);
    },
  };
}
