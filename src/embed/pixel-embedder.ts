import { decodeResized } from '../images/decode.js';
import { normalise } from '../math/vectors.js';
import type { Embedder } from './embedder.js';

/** Side of the square that pictures are squashed to. */
const side = 64;

/**
 * An embedder that has learnt nothing: it describes the pixels of a picture.
 * @param describe RGB bytes [side, side, 3] → numbers [dimension], which are scaled to unit length
 */
export const pixelEmbedder = (
  modelId: string,
  dimension: number,
  describe: (square: { readonly pixels: Uint8Array; readonly side: number }) => Float32Array,
): Embedder => ({
  modelId,
  dimension,
  decode: (image, { box } = {}) => decodeResized(image, { resize: side, fit: 'squash' }, { box }),
  async embed(images) {
    return this.embedPixels(await Promise.all(images.map(image => this.decode(image))));
  },
  embedPixels: async pictures => pictures.map(pixels => normalise(describe({ pixels, side }))),
  async close() {},
});
