import { describe, expect, it } from 'vitest';
import { cOverM } from '../../../src/train/samplers/c-over-m.js';
import type { SamplingContext } from '../../../src/train/samplers/sampler.js';

const labelsOf = (sizes: readonly number[]): number[] =>
  sizes.flatMap((size, label) => Array.from({ length: size }, () => label));

const sampleBatches = (
  labels: readonly number[],
  options: Omit<SamplingContext, 'seed'>,
  seed: string,
): (readonly number[])[] =>
  cOverM
    .create({})
    .planEpoch(labels, { ...options, seed })
    .map(({ images }) => images);

describe('batches of m images and C classes', () => {
  const labels = labelsOf(Array.from({ length: 40 }, (_, k) => 5 + (k % 30)));

  it('has m images of exactly C classes, evenly, none twice', () => {
    const batches = sampleBatches(labels, { batchSize: 32, classShare: 0.25 }, 'a');
    expect(batches).toHaveLength(Math.ceil(labels.length / 32));
    for (const batch of batches) {
      expect(batch).toHaveLength(32);
      expect(new Set(batch).size).toBe(32);
      const counts = new Map<number, number>();
      for (const i of batch) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
      expect(counts.size).toBe(8);
      expect([...counts.values()].every(count => count === 4)).toBe(true);
    }
  });

  it('is decided by its seed', () => {
    const draw = (seed: string) => sampleBatches(labels, { batchSize: 32, classShare: 0.5 }, seed);
    expect(draw('7/batches/0')).toEqual(draw('7/batches/0'));
    expect(draw('7/batches/0')).not.toEqual(draw('7/batches/1'));
  });

  it('draws what it has always drawn, so that old checkpoints go on', () => {
    const labels = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3];
    expect(sampleBatches(labels, { batchSize: 4, classShare: 0.5 }, '7/batches/0')).toEqual([
      [1, 2, 4, 3],
      [7, 5, 8, 9],
      [0, 1, 6, 7],
    ]);
  });

  it('meets every class about equally often', () => {
    const meetings = new Array<number>(40).fill(0);
    for (const batch of sampleBatches(labels, { batchSize: 16, classShare: 0.25 }, 'b')) {
      for (const label of new Set(batch.map(i => labels[i]))) meetings[label]++;
    }
    expect(Math.max(...meetings) - Math.min(...meetings)).toBeLessThanOrEqual(1);
  });

  it('has one class when its share of m is less', () => {
    for (const batch of sampleBatches(labels, { batchSize: 4, classShare: 0.05 }, 'g')) {
      expect(batch).toHaveLength(4);
      expect(new Set(batch.map(i => labels[i])).size).toBe(1);
    }
  });

  it('takes what there is when classes are small, few, or m is larger than the set', () => {
    const lone = labelsOf([1, 1, 9]);
    const [batch] = sampleBatches(lone, { batchSize: 8, classShare: 0.375 }, 'c');
    expect(new Set(batch).size).toBe(8);
    expect(new Set(batch.map(i => lone[i])).size).toBe(3);
    expect(sampleBatches(lone, { batchSize: 64, classShare: 0.75 }, 'd')[0]).toHaveLength(11);
    expect(sampleBatches([4], { batchSize: 2, classShare: 1 }, 'e')).toEqual([[0]]);
    // m smaller than C is impossible: C is a share of m.
    for (const small of sampleBatches(labels, { batchSize: 2, classShare: 1 }, 'f'))
      expect(small).toHaveLength(2);
  });
});
