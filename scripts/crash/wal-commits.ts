/** A place where a write-ahead log may end: behind a frame that commits. */
export interface WalCommit {
  /** Frames up to it. */
  readonly frames: number;
  /** Bytes of the file up to it. */
  readonly end: number;
}

const headerBytes = 32;
const frameHeaderBytes = 24;
const saltAt = 16;

/**
 * The commits of a log of SQLite (https://www.sqlite.org/fileformat2.html#walformat), oldest first: frames that carry the
 * salts of the header, up to the first that does not; one that commits says the size of the database. What lies behind
 * was left by an earlier use of the file, or never finished.
 */
export function listWalCommits(wal: Buffer): WalCommit[] {
  if (wal.length < headerBytes) return [];
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  const salts = wal.subarray(saltAt, saltAt + 8);
  const commits: WalCommit[] = [];
  for (let frames = 1, end = headerBytes + frameBytes; end <= wal.length; frames++, end += frameBytes) {
    const frame = wal.subarray(end - frameBytes);
    if (!frame.subarray(8, 16).equals(salts)) break;
    if (frame.readUInt32BE(4) !== 0) commits.push({ frames, end });
  }
  return commits;
}

/** Frames that a checkpoint has begun to copy into the database, so that they were synced before: not to be cut. */
export function checkpointedFrames(sharedMemory: Buffer): number {
  // Two copies of the header, 48 bytes each; then `nBackfill`, and 32 bytes on `nBackfillAttempted`, as the machine has them.
  if (sharedMemory.length < 132) return 0;
  const read = (at: number): number =>
    new DataView(sharedMemory.buffer, sharedMemory.byteOffset).getUint32(at, true);
  return Math.max(read(96), read(128));
}
