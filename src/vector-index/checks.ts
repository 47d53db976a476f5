import { endianness } from 'node:os';
import { MedoidError } from '../errors.js';
import { dot } from '../math/vectors.js';

/** The native index stores labels in 32 bits here and wraps what is larger. */
export const maxId = 2 ** 32 - 1;

/** float32 rounding leaves about 1e-6; anything beyond this was never normalised. */
const unitTolerance = 1e-3;

/** @throws MedoidError `invalid-vector` */
export function checkId(id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > maxId) {
    throw new MedoidError('invalid-vector', `expected an integer id in 0..${maxId}, got ${String(id)}`);
  }
}

/** @throws MedoidError `invalid-vector` unless `vector` is a finite Float32Array [dimension] of unit length */
export function checkVector(vector: Float32Array, dimension: number): void {
  if (!(vector instanceof Float32Array)) {
    throw new MedoidError('invalid-vector', `expected a Float32Array, got ${typeof vector}`);
  }
  if (vector.length !== dimension) {
    throw new MedoidError('invalid-vector', `expected ${dimension} numbers, got ${vector.length}`);
  }
  if (isUnitVector(vector)) return;
  const length = Math.sqrt(dot(vector, vector));
  throw new MedoidError('invalid-vector', `expected a finite vector of length 1, got length ${length}`);
}

/** NaN and infinities fail the comparison, too. */
export const isUnitVector = (vector: Float32Array): boolean =>
  Math.abs(Math.sqrt(dot(vector, vector)) - 1) <= unitTolerance;

/** @throws MedoidError `invalid-option` */
export function checkNeighbourCount(k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new MedoidError('invalid-option', `expected k to be an integer of at least 1, got ${String(k)}`, {
      field: 'k',
    });
  }
}

/** @throws MedoidError `invalid-index` */
export function requireLittleEndian(): void {
  if (endianness() !== 'LE') {
    throw new MedoidError('invalid-index', 'index files are little endian; this machine is not');
  }
}
