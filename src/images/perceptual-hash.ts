import { countBits } from '../math/count-bits.js';
import { decodeResized } from './decode.js';
import { greySquare, type PixelSquare } from './grey-square.js';
import { defaultImageLimits, type ImageLimits } from './limits.js';

/** Bits of a picture that change little when it is encoded again or resized: [2]. */
export type PerceptualHash = Uint32Array;

/** Of the square that a picture is squashed to. */
const side = 32;
/** Of the square that is decoded unless another is asked for. */
const decodedSide = 64;
/** The lowest frequencies but the constant one, in each direction. */
const frequencies = 8;

const hashBits = frequencies * frequencies;

/**
 * A coefficient below this says nothing but how the picture was rounded: a wave of amplitude a along both axes has
 * the coefficient a · 16², so this is one of a sixteenth of a grey level.
 */
const leastCoefficient = 16;

/** cos((2x + 1) u π / 64): [frequencies, side]. */
const cosines = Float64Array.from({ length: frequencies * side }, (_, i) => {
  const [u, x] = [Math.floor(i / side) + 1, i % side];
  return Math.cos(((2 * x + 1) * u * Math.PI) / (2 * side));
});

/**
 * C(u, v) = Σy Σx g(y, x) cos((2y + 1) u π / 64) cos((2x + 1) v π / 64) for u and v of 1..8, the DCT-II without its
 * factors, which do not change which is larger.
 * @param grey [side, side]
 * @returns [frequencies, frequencies]
 */
function lowFrequencies(grey: Float64Array): Float64Array {
  // Along the rows: [side, frequencies].
  const rows = new Float64Array(side * frequencies);
  for (let y = 0; y < side; y++) {
    for (let v = 0; v < frequencies; v++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += grey[y * side + x] * cosines[v * side + x];
      rows[y * frequencies + v] = sum;
    }
  }
  const coefficients = new Float64Array(hashBits);
  for (let u = 0; u < frequencies; u++) {
    for (let v = 0; v < frequencies; v++) {
      let sum = 0;
      for (let y = 0; y < side; y++) sum += rows[y * frequencies + v] * cosines[u * side + y];
      coefficients[u * frequencies + v] = Math.abs(sum) < leastCoefficient ? 0 : sum;
    }
  }
  return coefficients;
}

/**
 * Bit i says whether coefficient i is above the median of all.
 * @param grey [32, 32], 0..255
 */
export function hashGrey(grey: Float64Array): PerceptualHash {
  const coefficients = lowFrequencies(grey);
  const sorted = coefficients.toSorted();
  const median = (sorted[hashBits / 2 - 1] + sorted[hashBits / 2]) / 2;
  const hash = new Uint32Array(hashBits / 32);
  for (const [i, coefficient] of coefficients.entries()) {
    if (coefficient > median) hash[i >>> 5] |= 1 << (i & 31);
  }
  return hash;
}

/**
 * The DCT hash of Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", section 3.2.1 (the
 * `ph_dct_imagehash` of pHash): the picture, upright and grey, is squashed to 32 × 32, and of its 8 × 8 lowest frequencies
 * without the first row and column each gives a bit. Beside it, coefficients that rounding makes are 0, so that a plain
 * picture has the same hash each time; the picture is squashed to some larger square by a cubic filter and from there by
 * areas, not by a mean of 7 × 7 pixels. Squares of 64 to 144 pixels a side gave hashes that differ in 2 bits or less of 99
 * of 100 photos: so a square that was made for something else will do.
 */
export const hashSquare = (square: PixelSquare): PerceptualHash => hashGrey(greySquare(square, side));

/**
 * @param side of the square that is decoded, at least 32; 64 unless given
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`
 */
export async function perceptualHash(
  bytes: Uint8Array,
  {
    limits = defaultImageLimits,
    side: decoded = decodedSide,
  }: { readonly limits?: ImageLimits; readonly side?: number | undefined } = {},
): Promise<PerceptualHash> {
  const pixels = await decodeResized(bytes, { resize: decoded, fit: 'squash' }, { limits });
  return hashSquare({ pixels, side: decoded });
}

/** Least side of a square that a hash is made of. */
export const leastHashedSide = side;

/** In how many bits they differ, 0..64. */
export const hashDistance = (a: PerceptualHash, b: PerceptualHash): number =>
  countBits(a[0] ^ b[0]) + countBits(a[1] ^ b[1]);
