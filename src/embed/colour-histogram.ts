import { pixelEmbedder } from './pixel-embedder.js';

const levels = 8;

/**
 * The share of pixels in each of 8 × 8 × 8 RGB cells, square-rooted, so that the distance is Hellinger's. Learns
 * nothing: the floor that a trained embedding must be above.
 */
export const colourHistogram = pixelEmbedder('colour-histogram', levels ** 3, ({ pixels }) => {
  const counts = new Float32Array(levels ** 3);
  for (let i = 0; i < pixels.length; i += 3) {
    const [red, green, blue] = [pixels[i], pixels[i + 1], pixels[i + 2]].map(value => value >> 5);
    counts[(red * levels + green) * levels + blue]++;
  }
  return counts.map(Math.sqrt);
});
