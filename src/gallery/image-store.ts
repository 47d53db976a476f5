import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile, syncPath } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import { hashImage } from '../images/decode.js';
import { imagePlace } from './image-file.js';

/** As long as anyone holds an image its file stays, whether an item has it or not. */
export interface ImageHold {
  /** The last one to let go of an image that nothing needs removes its file. */
  release(): Promise<void>;
}

/** Copies of images, each named by the hash of its bytes: `<directory>/ab/<sha256>`. */
export interface ImageStore {
  /** To be taken before `put`, and released when an item that needs the image is written, or will not be. */
  hold(sha256: string): ImageHold;
  /** Has the image on disk for good when it returns, in the place of a damaged copy too. */
  put(bytes: Uint8Array, sha256: string): Promise<void>;
  /** @throws MedoidError `invalid-gallery` when the copy is missing or damaged */
  read(sha256: string): Promise<Buffer>;
  /** Whether the image is needed or held. */
  isInUse(sha256: string): boolean;
  /** Removes the file, unless the image is needed or held. @returns which of the three it was */
  removeUnlessNeeded(sha256: string): Promise<'removed' | 'needed' | 'held'>;
  /** Lets go of what is still held. */
  close(): Promise<void>;
}

async function holdsBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await stat(path)).size === bytes.length && (await readFile(path)).equals(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

const temporaryFolder = (directory: string): string => join(directory, 'tmp');

/** What a process that was killed left half-written. */
export const removeUnfinishedImages = (directory: string): Promise<void> =>
  rm(temporaryFolder(directory), { recursive: true, force: true });

/** Does the work for one key in the order of the calls, that for others meanwhile. */
function createQueues(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const result = (last.get(key) ?? Promise.resolve()).then(work);
    // What went wrong is for its caller, not for the next one.
    const ended = result
      .catch(() => undefined)
      .then(() => {
        if (last.get(key) === ended) last.delete(key);
      });
    last.set(key, ended);
    return result;
  };
}

/** @param isNeeded whether anything refers to the image: then its file is not removed */
export function createImageStore(
  directory: string,
  { isNeeded }: { readonly isNeeded: (sha256: string) => boolean },
): ImageStore {
  const pathOf = (sha256: string): string => join(directory, imagePlace(sha256));
  const inTurn = createQueues();
  /** How many hold each image. */
  const holds = new Map<string, number>();

  /** Folders that a power cut would leave: one there is may be of a process that was killed before it could see to that. */
  const synced = new Set<string>();

  async function ensureFolder(folder: string): Promise<void> {
    const made = await mkdir(folder, { recursive: true });
    if (made === undefined && synced.has(folder)) return;
    await syncPath(directory);
    synced.add(folder);
  }

  async function write(bytes: Uint8Array, sha256: string): Promise<void> {
    const path = pathOf(sha256);
    await ensureFolder(dirname(path));
    // One of the right length may be damaged.
    if (await holdsBytes(path, bytes)) {
      // A process that was killed may have left it so.
      await syncPath(path);
      await syncPath(dirname(path));
      return;
    }
    await mkdir(temporaryFolder(directory), { recursive: true });
    await replaceFile(path, bytes, join(temporaryFolder(directory), randomUUID()));
  }

  const removeUnlessNeeded: ImageStore['removeUnlessNeeded'] = sha256 =>
    // A `put` that comes while the file is being removed waits, and finds it gone.
    inTurn(sha256, async () => {
      if (holds.has(sha256)) return 'held';
      if (isNeeded(sha256)) return 'needed';
      await rm(pathOf(sha256), { force: true });
      return 'removed';
    });

  return {
    hold(sha256) {
      holds.set(sha256, (holds.get(sha256) ?? 0) + 1);
      let released = false;
      return {
        async release() {
          const count = holds.get(sha256);
          if (released || count === undefined) return;
          released = true;
          if (count > 1) {
            holds.set(sha256, count - 1);
            return;
          }
          holds.delete(sha256);
          await removeUnlessNeeded(sha256);
        },
      };
    },
    put: (bytes, sha256) => inTurn(sha256, () => write(bytes, sha256)),
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
    isInUse: sha256 => holds.has(sha256) || isNeeded(sha256),
    removeUnlessNeeded,
    async close() {
      const held = [...holds.keys()];
      holds.clear();
      for (const sha256 of held) await removeUnlessNeeded(sha256);
    },
  };
}
