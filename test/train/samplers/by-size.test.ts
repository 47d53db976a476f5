import { describe, expect, it } from 'vitest';
import { bySize } from '../../../src/train/samplers/by-size.js';

const sizes = [400, 100, 25, 4];
const labels = sizes.flatMap((size, label) => Array.from({ length: size }, () => label));

/** Share of the images of each class over many epochs. */
function sharesAt(power: number): number[] {
  const sampler = bySize.create({ power });
  const counts = sizes.map(() => 0);
  for (let epoch = 0; epoch < 60; epoch++) {
    const planned = sampler.planEpoch(labels, { batchSize: 10, classShare: 1, seed: `${epoch}` });
    for (const { images } of planned) {
      expect(new Set(images).size).toBe(10);
      for (const image of images) counts[labels[image]]++;
    }
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map(count => count / total);
}

describe('batches by the size of classes', () => {
  it.each([
    [1, [400 / 529, 100 / 529, 25 / 529, 4 / 529]],
    [0.5, [20 / 37, 10 / 37, 5 / 37, 2 / 37]],
    [0, [0.25, 0.25, 0.25, 0.25]],
  ])('draw classes as their size to the power %d says', (power, expected) => {
    for (const [k, share] of sharesAt(power).entries())
      expect(Math.abs(share - expected[k])).toBeLessThan(0.02);
  });
});
