import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * One file of the cache: `MEDOIDF1`, the header's length as uint32, the header as JSON, the features as float32
 * [keys, dimension], and the SHA-256 of everything before it. All numbers little-endian.
 */
const magic = Buffer.from('MEDOIDF1');
const hashBytes = 32;

const headerSchema = z.strictObject({
  dimension: z.int().min(1),
  keys: z.array(z.string()),
});

export interface FeatureSegment {
  readonly keys: readonly string[];
  /** A copy of the features [dimension] of a key. */
  row(index: number): Float32Array;
}

const hashOf = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** @param features [dimension] by key */
export function encodeFeatureSegment(features: ReadonlyMap<string, Float32Array>, dimension: number): Buffer {
  const header = Buffer.from(JSON.stringify({ dimension, keys: [...features.keys()] }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const rows = [...features.values()].map(row => Buffer.from(row.buffer, row.byteOffset, row.byteLength));
  const parts = [magic, length, header, ...rows];
  return Buffer.concat([...parts, hashOf(...parts)]);
}

/** @throws Error where the bytes are not, to the last bit, what was written */
export function decodeFeatureSegment(bytes: Buffer, dimension: number): FeatureSegment {
  const headerStart = magic.length + 4;
  if (bytes.length < headerStart + hashBytes) throw new Error(`it is cut short to ${bytes.length} bytes`);
  const end = bytes.length - hashBytes;
  if (!hashOf(bytes.subarray(0, end)).equals(bytes.subarray(end))) throw new Error('its checksum is wrong');
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Error('it is of another format');
  const rowsStart = headerStart + bytes.readUInt32LE(magic.length);
  const header = headerSchema.parse(JSON.parse(bytes.toString('utf8', headerStart, rowsStart)));
  const rowBytes = 4 * dimension;
  if (header.dimension !== dimension || rowsStart + header.keys.length * rowBytes !== end) {
    throw new Error(
      `expected ${header.keys.length} rows of ${dimension}, got ${end - rowsStart} bytes of rows of ${header.dimension}`,
    );
  }
  return {
    keys: header.keys,
    row: index => {
      const start = rowsStart + index * rowBytes;
      return new Float32Array(new Uint8Array(bytes.subarray(start, start + rowBytes)).buffer);
    },
  };
}
