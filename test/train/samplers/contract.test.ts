import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createRandom } from '../../../src/math/random.js';
import type { VectorBlock } from '../../../src/math/vectors.js';
import { samplers } from '../../../src/train/samplers/index.js';
import type { SamplerDefinition } from '../../../src/train/samplers/sampler.js';
import { blockOf } from '../../fixtures/batches.js';

const labelsOf = (sizes: readonly number[]): number[] =>
  sizes.flatMap((size, label) => Array.from({ length: size }, () => label));

/** Sets of images, by the sizes of their classes. */
const sets: Readonly<Record<string, readonly number[]>> = {
  'many classes of many images': Array.from({ length: 40 }, (_, k) => 5 + (k % 30)),
  'classes of one image among others': [1, 1, 9, 1, 6, 4, 1, 12],
  'classes of one image only': Array(11).fill(1),
  'one class': [9],
  'one image': [1],
  'fewer images than a batch': [2, 3, 1],
};

const batchSizes = [2, 5, 16, 32];

/** Embeddings drawn by image, the same whenever they are asked for. */
const embed = (images: readonly number[]): VectorBlock =>
  blockOf(
    images.map(image => {
      const random = createRandom(`embedding/${image}`);
      return [random.normal(), random.normal()];
    }),
  );

interface Epoch {
  readonly labels: readonly number[];
  readonly batchSize: number;
  readonly seed: string;
}

/** The images that are trained on, batch by batch. */
function imagesOf(definition: SamplerDefinition, { labels, ...context }: Epoch): number[][] {
  const sampler = definition.create(definition.options.parse({}));
  return sampler.planEpoch(labels, { ...context, classShare: 0.25 }).map(({ images, choose }) => {
    expect(new Set(images).size).toBe(images.length);
    const positions = choose?.(embed(images)) ?? [...images.keys()];
    expect(new Set(positions).size).toBe(positions.length);
    return positions.map(position => images[position]);
  });
}

describe.each(samplers.map(sampler => [sampler.name, sampler] as const))('the sampler %s', (_, sampler) => {
  it.each(Object.entries(sets))('makes an epoch of %s', (_, sizes) => {
    const labels = labelsOf(sizes);
    for (const batchSize of batchSizes) {
      const batches = imagesOf(sampler, { labels, batchSize, seed: 'epoch' });
      expect(batches).toHaveLength(Math.ceil(labels.length / batchSize));
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(batchSize);
        expect(new Set(batch).size).toBe(batch.length);
        for (const image of batch) expect(labels[image]).toBeDefined();
      }
    }
  });

  it('fills every batch where there is enough of everything', () => {
    const labels = labelsOf(sets['many classes of many images']);
    for (const batchSize of [2, 4, 16, 32]) {
      for (const batch of imagesOf(sampler, { labels, batchSize, seed: 'full' }))
        expect(batch).toHaveLength(batchSize);
    }
  });

  it('is decided by its seed', () => {
    const labels = labelsOf(sets['many classes of many images']);
    const draw = (seed: string) => imagesOf(sampler, { labels, batchSize: 16, seed });
    expect(draw('7/batches/0')).toEqual(draw('7/batches/0'));
    expect(draw('7/batches/0')).not.toEqual(draw('7/batches/1'));
  });

  it('comes to every image that could be of use within some epochs', () => {
    const labels = labelsOf(sets['classes of one image among others']);
    const { planEpoch } = sampler.create(sampler.options.parse({}));
    const epochs = Array.from({ length: 20 }, (_, epoch) => `seen/${epoch}`);
    const planned = epochs.flatMap(seed => planEpoch(labels, { batchSize: 8, classShare: 0.25, seed }));
    const seen = new Set(planned.flatMap(({ images }) => images));
    const alone = labels.filter((label, _, all) => all.filter(other => other === label).length === 1).length;
    expect(alone).toBe(4);
    // Images without a partner make no pair.
    expect(seen.size).toBe(sampler.name === 'n-pair' ? labels.length - alone : labels.length);
  });

  const isEven = sampler.name !== 'by-size';
  it(`meets every class ${isEven ? 'equally often, but for one meeting' : 'at least once in a while'}`, () => {
    // A number of classes that no batch divides, so that rounds end within batches.
    const labels = labelsOf(Array(19).fill(16));
    const meetings = new Array<number>(19).fill(0);
    for (const batch of imagesOf(sampler, { labels, batchSize: 8, seed: 'even' })) {
      // Hard negatives are of the classes that are hard; the pairs before them are not.
      const random = sampler.name === 'hard-negatives' ? batch.slice(0, 4) : batch;
      for (const label of new Set(random.map(image => labels[image]))) meetings[label]++;
    }
    // by-size draws each class independently of the others; its own test says how often.
    if (isEven) expect(Math.max(...meetings) - Math.min(...meetings)).toBeLessThanOrEqual(1);
    else expect(Math.min(...meetings)).toBeGreaterThan(0);
  });

  it('describes itself and its options, and refuses one it does not know', () => {
    expect(sampler.summary).not.toBe('');
    for (const [option, schema] of Object.entries((sampler.options as z.ZodObject).shape))
      expect(schema.description, option).toBeTruthy();
    expect(() => sampler.options.parse({ candidats: 2 })).toThrow(/candidats/);
  });
});
