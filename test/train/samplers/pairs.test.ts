import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { squaredDistance } from '../../../src/math/vectors.js';
import { hardNegatives } from '../../../src/train/samplers/hard-negatives.js';
import { nPairSampler } from '../../../src/train/samplers/n-pair.js';
import { pByK } from '../../../src/train/samplers/p-by-k.js';
import { blockOf } from '../../fixtures/batches.js';

const labelsOf = (sizes: readonly number[]): number[] =>
  sizes.flatMap((size, label) => Array.from({ length: size }, () => label));

const countsOf = (batch: readonly number[], labels: readonly number[]): number[] => {
  const counts = new Map<number, number>();
  for (const image of batch) counts.set(labels[image], (counts.get(labels[image]) ?? 0) + 1);
  return [...counts.values()];
};

const large = labelsOf(Array(30).fill(10));

describe('batches of P classes by K images', () => {
  const plan = (labels: readonly number[], options: object, batchSize: number) =>
    pByK
      .create(pByK.options.parse(options))
      .planEpoch(labels, { batchSize, classShare: 0.25, seed: 'p' })
      .map(({ images }) => images);

  it('have K images of each class', () => {
    for (const batch of plan(large, {}, 32)) expect(countsOf(batch, large)).toEqual(Array(8).fill(4));
    for (const batch of plan(large, { imagesPerClass: 8 }, 32))
      expect(countsOf(batch, large)).toEqual(Array(4).fill(8));
  });

  it('cut the last class short when K does not divide m, and take further classes when some are small', () => {
    for (const batch of plan(large, {}, 10)) expect(countsOf(batch, large)).toEqual([4, 4, 2]);
    const mixed = labelsOf([1, 1, 2, 8, 8, 8]);
    for (const batch of plan(mixed, {}, 12)) {
      expect(batch).toHaveLength(12);
      expect(Math.max(...countsOf(batch, mixed))).toBeLessThanOrEqual(4);
    }
  });
});

describe('batches of pairs', () => {
  const plan = (labels: readonly number[], batchSize: number) =>
    nPairSampler
      .create({})
      .planEpoch(labels, { batchSize, classShare: 0.25, seed: 'n' })
      .map(({ images }) => images);

  it('have two images of each class, side by side', () => {
    for (const batch of plan(large, 32)) {
      expect(countsOf(batch, large)).toEqual(Array(16).fill(2));
      for (let i = 0; i < batch.length; i += 2) expect(large[batch[i]]).toBe(large[batch[i + 1]]);
    }
  });

  it('leave out classes of one image, unless there are no others', () => {
    const mixed = labelsOf([1, 3, 1, 2, 2]);
    for (const batch of plan(mixed, 8)) expect(countsOf(batch, mixed)).toEqual([2, 2, 2]);
    expect(plan(labelsOf([1, 1, 1]), 2).map(batch => batch.length)).toEqual([2, 2]);
  });
});

describe('batches of hard negatives', () => {
  const planEpoch = (labels: readonly number[], options: object, batchSize: number) =>
    hardNegatives
      .create(hardNegatives.options.parse(options))
      .planEpoch(labels, { batchSize, classShare: 0.25, seed: 'h' });

  it('have m / 4 positive pairs, then for each image of them the nearest stranger yet free', () => {
    const random = createRandom('rows');
    for (const { images, choose } of planEpoch(large, {}, 16)) {
      const rows = images.map(() => Float32Array.of(random.normal(), random.normal()));
      const positions = choose?.(blockOf(rows.map(row => [...row]))) as number[];
      expect(positions).toHaveLength(16);
      expect(positions.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      for (let i = 0; i < 8; i += 2) expect(large[images[i]]).toBe(large[images[i + 1]]);
      for (let anchor = 0; anchor < 8; anchor++) {
        const taken = positions.slice(0, 8 + anchor);
        const strangers = [...images.keys()].filter(
          position => !taken.includes(position) && large[images[position]] !== large[images[anchor]],
        );
        const distances = strangers.map(position => squaredDistance(rows[anchor], rows[position]));
        expect(positions[8 + anchor]).toBe(strangers[distances.indexOf(Math.min(...distances))]);
      }
    }
  });

  it('are one pair when m is 2, and one with a negative when it is 3', () => {
    for (const m of [2, 3]) {
      const [{ images, choose }] = planEpoch(large, {}, m);
      const batch = (choose?.(blockOf(images.map(image => [image]))) ?? []).map(position => images[position]);
      expect(countsOf(batch, large)).toEqual(m === 2 ? [2] : [2, 1]);
    }
  });

  it('load more images to choose from when asked to', () => {
    const loaded = (candidates: number) =>
      Math.max(...planEpoch(large, { candidates }, 16).map(({ images }) => images.length));
    expect(loaded(1)).toBe(16);
    expect(loaded(6)).toBeGreaterThan(48);
  });

  it('take more negatives for each image when there are few pairs, and stop when there are no strangers', () => {
    const fewPairs = labelsOf([2, ...Array(20).fill(1)]);
    const [{ images, choose }] = planEpoch(fewPairs, {}, 12);
    const positions = choose?.(blockOf(images.map(image => [image]))) as number[];
    expect(positions).toHaveLength(12);
    expect(positions.slice(0, 2).map(position => fewPairs[images[position]])).toEqual([0, 0]);
    const oneClass = labelsOf([9]);
    const [alone] = planEpoch(oneClass, {}, 8);
    expect(alone.choose?.(blockOf(alone.images.map(image => [image])))).toEqual([0, 1]);
  });
});
