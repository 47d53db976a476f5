import { decodeResized } from '../images/decode.js';
import { normalise } from '../math/vectors.js';
import type { Embedder } from './embedder.js';

const side = 64;
const levels = 8;

/**
 * The share of pixels in each of 8 × 8 × 8 RGB cells, square-rooted, so that the distance is Hellinger's. Learns
 * nothing: the floor that a trained embedding must be above.
 */
export const colourHistogram: Embedder = {
  modelId: 'colour-histogram',
  dimension: levels ** 3,
  decode: (image, { box } = {}) => decodeResized(image, { resize: side, fit: 'squash' }, { box }),
  async embed(images) {
    return this.embedPixels(await Promise.all(images.map(image => this.decode(image))));
  },
  async embedPixels(pixels) {
    return pixels.map(image => {
      const counts = new Float32Array(levels ** 3);
      for (let i = 0; i < image.length; i += 3) {
        const [red, green, blue] = [image[i], image[i + 1], image[i + 2]].map(value => value >> 5);
        counts[(red * levels + green) * levels + blue]++;
      }
      return normalise(counts.map(Math.sqrt));
    });
  },
  async close() {},
};
