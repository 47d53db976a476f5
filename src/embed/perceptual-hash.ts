import { hashSquare } from '../images/perceptual-hash.js';
import { pixelEmbedder } from './pixel-embedder.js';

const bits = 64;

/**
 * The perceptual hash of a picture with its bits as ±1, scaled to unit length: the cosine of two is 1 − Hamming distance
 * / 32. Learns nothing: what finds copies, but not what is alike.
 */
export const perceptualHashBits = pixelEmbedder('perceptual-hash', bits, square => {
  const hash = hashSquare(square);
  return Float32Array.from({ length: bits }, (_, i) => ((hash[i >>> 5] >>> (i & 31)) & 1 ? 1 : -1));
});
