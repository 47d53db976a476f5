import { describe, expect, it } from 'vitest';
import { perceptualHashBits } from '../../src/embed/perceptual-hash.js';
import { hashDistance, perceptualHash } from '../../src/images/perceptual-hash.js';
import { createPicture } from '../fixtures/images.js';

describe('the perceptual hash as an embedding', () => {
  it('has the cosine 1 − Hamming distance / 32', async () => {
    const pictures = await Promise.all([1, 2, 3].map(seed => createPicture(seed)));
    const rows = await perceptualHashBits.embed(pictures);
    const hashes = await Promise.all(pictures.map(picture => perceptualHash(picture)));
    for (const [i, a] of rows.entries()) {
      expect(Math.hypot(...a)).toBeCloseTo(1, 6);
      for (const [j, b] of rows.entries()) {
        const cosine = a.reduce((sum, value, k) => sum + value * b[k], 0);
        expect(cosine).toBeCloseTo(1 - hashDistance(hashes[i], hashes[j]) / 32, 5);
      }
    }
    expect(hashDistance(hashes[0], hashes[1])).toBeGreaterThan(4);
  });
});
