import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { MedoidError, messageOf } from '../errors.js';
import { defaultImageLimits } from '../images/limits.js';

export interface ZipMember {
  /** With slashes, as the archive has it; never absolute, never with `..`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function readMember(archive: ZipFile, entry: Entry): Promise<ZipMember> {
  // The reader stops at the size that is stated here, so a small archive cannot fill the memory with one member.
  if (entry.uncompressedSize > defaultImageLimits.maxBytes) {
    throw new Error(
      `${entry.fileName}: expected at most ${defaultImageLimits.maxBytes} bytes, got ${entry.uncompressedSize}`,
    );
  }
  const bytes = await buffer(await archive.openReadStreamPromise(entry));
  if (crc32(bytes) !== entry.crc32) throw new Error(`${entry.fileName}: its bytes do not give its checksum`);
  return { name: entry.fileName, bytes };
}

/**
 * Reads members of a zip archive into memory, in the order of the archive.
 * @param isWanted by the member's name
 * @throws MedoidError `invalid-dataset` naming the archive when it is damaged or a member is too large
 */
export async function readZipFile(
  path: string,
  isWanted: (name: string) => boolean,
): Promise<readonly ZipMember[]> {
  try {
    const archive = await openPromise(path);
    const members: ZipMember[] = [];
    try {
      for await (const entry of archive.eachEntry()) {
        if (isWanted(entry.fileName)) members.push(await readMember(archive, entry));
      }
    } finally {
      archive.close();
    }
    return members;
  } catch (error) {
    throw new MedoidError('invalid-dataset', `${path}: expected a whole zip archive: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
