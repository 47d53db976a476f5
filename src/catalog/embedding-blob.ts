import { MedoidError } from '../errors.js';

const bytesPerNumber = 4;

/** float32, little endian on every machine. */
export function encodeEmbedding(vector: Float32Array): Buffer {
  const blob = Buffer.alloc(vector.length * bytesPerNumber);
  for (let i = 0; i < vector.length; i++) blob.writeFloatLE(vector[i], i * bytesPerNumber);
  return blob;
}

/** @throws MedoidError `invalid-gallery` when the blob is not `dimension` numbers */
export function decodeEmbedding(blob: Buffer, dimension: number): Float32Array {
  if (blob.length !== dimension * bytesPerNumber) {
    throw new MedoidError(
      'invalid-gallery',
      `expected an embedding of ${dimension * bytesPerNumber} bytes, got ${blob.length}`,
    );
  }
  const vector = new Float32Array(dimension);
  for (let i = 0; i < dimension; i++) vector[i] = blob.readFloatLE(i * bytesPerNumber);
  return vector;
}
