import { readAt, withFile } from './read-at.js';

const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

type Checksum = readonly [number, number];

/** Goes on from the checksum of what came before. */
function addTo([first, second]: Checksum, bytes: Buffer, littleEndian: boolean): Checksum {
  let [a, b] = [first, second];
  for (let i = 0; i < bytes.length; i += 8) {
    a = (a + (littleEndian ? bytes.readUInt32LE(i) : bytes.readUInt32BE(i)) + b) >>> 0;
    b = (b + (littleEndian ? bytes.readUInt32LE(i + 4) : bytes.readUInt32BE(i + 4)) + a) >>> 0;
  }
  return [a, b];
}

const isAt = (bytes: Buffer, offset: number, [a, b]: Checksum): boolean =>
  bytes.readUInt32BE(offset) === a && bytes.readUInt32BE(offset + 4) === b;

function readLog(file: number): Buffer | undefined {
  const header = readAt(file, 0, headerBytes);
  // The lowest bit of the magic number says how the checksums read their words.
  if (header === undefined || (header.readUInt32BE(0) & ~1) !== magic) return undefined;
  const littleEndian = header.readUInt32BE(0) === magic;
  let checksum = addTo([0, 0], header.subarray(0, 24), littleEndian);
  if (!isAt(header, 24, checksum)) return undefined;
  const frameBytes = frameHeaderBytes + header.readUInt32BE(8);
  let written: Buffer | undefined;
  let committed: Buffer | undefined;
  for (let position = headerBytes; ; position += frameBytes) {
    const frame = readAt(file, position, frameBytes);
    // From the first frame on that is not of this log, the rest was cut off or is of the log before.
    if (frame === undefined || !frame.subarray(8, 16).equals(header.subarray(16, 24))) return committed;
    const page = frame.subarray(frameHeaderBytes);
    checksum = addTo(addTo(checksum, frame.subarray(0, 8), littleEndian), page, littleEndian);
    if (!isAt(frame, 16, checksum)) return committed;
    if (frame.readUInt32BE(0) === 1) written = page;
    const endsTransaction = frame.readUInt32BE(4) !== 0;
    if (endsTransaction) committed = written;
  }
}

/**
 * The first page of a SQLite file as the last commit in its write-ahead log left it, as a process that was killed leaves
 * one. SQLite itself would make a file beside it to tell, and take the log in on closing.
 * The format is https://sqlite.org/fileformat2.html#walformat.
 * @param path of the log
 * @returns nothing when there is no log, or none of its commits wrote the page
 */
export const readLoggedPage = (path: string): Buffer | undefined => withFile(path, readLog);
