import { decodeResized } from '../images/decode.js';
import { hashSquare } from '../images/perceptual-hash.js';
import { normalise } from '../math/vectors.js';
import type { Embedder } from './embedder.js';

const side = 64;
const bits = 64;

/**
 * The perceptual hash of a picture with its bits as ±1, scaled to unit length: the cosine of two is 1 − Hamming distance
 * / 32. Learns nothing: what finds copies, but not what is alike.
 */
export const perceptualHashBits: Embedder = {
  modelId: 'perceptual-hash',
  dimension: bits,
  decode: (image, { box } = {}) => decodeResized(image, { resize: side, fit: 'squash' }, { box }),
  async embed(images) {
    return this.embedPixels(await Promise.all(images.map(image => this.decode(image))));
  },
  async embedPixels(pixels) {
    return pixels.map(image => {
      const hash = hashSquare({ pixels: image, side });
      return normalise(
        Float32Array.from({ length: bits }, (_, i) => ((hash[i >>> 5] >>> (i & 31)) & 1 ? 1 : -1)),
      );
    });
  },
  async close() {},
};
