import { describe, expect, it } from 'vitest';
import type { TrainingSet } from '../../src/datasets/training-set.js';
import { defaultPreprocessing } from '../../src/images/preprocessing.js';
import type { VectorBlock } from '../../src/math/vectors.js';
import { emptySums } from '../../src/train/checkpoint.js';
import { ClassVectors } from '../../src/train/class-vectors.js';
import type { Batch, EmbeddingNetwork } from '../../src/train/embedding-network.js';
import type { Loss } from '../../src/train/losses/loss.js';
import type { PlannedBatch } from '../../src/train/samplers/sampler.js';
import { trainingSettingsSchema } from '../../src/train/settings.js';
import { type TrainingJob, train } from '../../src/train/trainer.js';
import { blockOf } from '../fixtures/batches.js';

const chosen = trainingSettingsSchema.parse({
  network: { name: 'none', options: {} },
  loss: { name: 'none', options: {} },
  sampler: { name: 'none', options: {} },
  augmentation: { cropScale: 0, colourJitter: 0 },
  ...{
    preprocessing: defaultPreprocessing(16),
    dimension: 2,
    batchSize: 4,
    classShare: 0.5,
    learningRate: 0.01,
  },
  ...{ schedule: 'constant', warmupSteps: 0, steps: 2, seed: 0, engine: 'none' },
});
/** One number an embedding: too few for a real one, enough to be followed through the loop. */
const settings = { ...chosen, dimension: 1 };

const size = 5;

/** Image i is of one value, 20·i, and of class 100 + i. */
const load = async (batch: readonly number[]): Promise<Float32Array> =>
  Float32Array.from({ length: batch.length * size }, (_, k) => 20 * batch[Math.floor(k / size)]);
const training: TrainingSet = {
  labels: Int32Array.from({ length: 8 }, (_, i) => 100 + i),
  load,
  loadVaried: load,
};

/** One number an image: its first pixel. */
const firstPixels = (input: Float32Array): number[] =>
  Array.from({ length: input.length / size }, (_, i) => input[i * size]);

/** Embeds an image as its brightness and remembers the batches it was trained on. */
function createNetwork(): { network: EmbeddingNetwork; batches: Batch[] } {
  const batches: Batch[] = [];
  const network: Pick<EmbeddingNetwork, 'step' | 'embed' | 'isFinite'> = {
    async step(batch) {
      batches.push(batch);
      return { value: 1, gradient: new Float32Array(), terms: {} };
    },
    embed: input => blockOf(firstPixels(input).map(value => [value])),
    isFinite: () => true,
  };
  return { network: network as EmbeddingNetwork, batches };
}

/** `values[epoch]` is what the network embeds every image as, once it has taken a step of that epoch. */
function createEmbedder(values: readonly (readonly number[] | 'by image')[]): EmbeddingNetwork {
  let steps = 0;
  const network: Pick<EmbeddingNetwork, 'step' | 'embed' | 'isFinite'> = {
    step: async () => {
      steps++;
      return { value: 1, gradient: new Float32Array(), terms: {} };
    },
    embed: input => {
      const count = input.length / size;
      const value = values[Math.ceil(steps / 2) - 1];
      const axis = (i: number) => Array.from({ length: 8 }, (_, k) => (k === i % 8 ? 1 : 0));
      return blockOf(Array.from({ length: count }, (_, i) => (value === 'by image' ? axis(i) : [...value])));
    },
    isFinite: () => true,
  };
  return network as EmbeddingNetwork;
}

const createJob = (network: EmbeddingNetwork, changes: Partial<TrainingJob>): TrainingJob => ({
  ...{ settings, training, loss: {} as Loss, progress: { step: 0, sums: emptySums(), history: [] } },
  learnt: { network, classVectors: undefined },
  sampler: { planEpoch: () => [{ images: [0, 1, 2, 3] }, { images: [4, 5, 6, 7] }] },
  validation: { ...training, labels: new Int32Array() },
  signal: new AbortController().signal,
  onStep: () => undefined,
  onEpoch: async () => undefined,
  ...changes,
});

describe('a training step on a batch that is chosen when its turn comes', () => {
  it('trains on the pixels and labels of the chosen ones only, in their order', async () => {
    const seen: VectorBlock[] = [];
    const choose = (embeddings: VectorBlock): number[] => {
      seen.push(embeddings);
      return [5, 0, 3];
    };
    const planned: PlannedBatch[] = [
      { images: [7, 6, 5, 4, 3, 2], choose },
      { images: [0, 1, 2, 3, 4, 5], choose },
    ];
    const { network, batches } = createNetwork();
    const trainedOn: number[] = [];
    await train(
      createJob(network, {
        sampler: { planEpoch: () => planned },
        onStep: ({ sums }) => trainedOn.push(sums.images),
      }),
    );
    expect(batches.map(({ labels }) => labels)).toEqual([
      [102, 107, 104],
      [105, 100, 103],
    ]);
    // Brighter images have larger pixels: embeddings and chosen pixels are in the order of the images.
    const [first, second] = seen.map(({ data }) => [...data]);
    expect(first).toEqual(first.toSorted((a, b) => b - a));
    expect(firstPixels(batches[0].input)).toEqual([first[5], first[0], first[3]]);
    expect(firstPixels(batches[1].input)).toEqual([second[5], second[0], second[3]]);
    expect(trainedOn).toEqual([3, 6]);
  });
});

describe('training', () => {
  it('stops with an error when what a loss learns has left the finite numbers', async () => {
    const { network } = createNetwork();
    const classVectors = new ClassVectors({ classes: 8, dimension: 1, seed: 0, learningRateFactor: 1 });
    const step: EmbeddingNetwork['step'] = async () => ({
      ...{ value: 1, gradient: new Float32Array(), terms: {} },
      classGradient: new Float32Array(8).fill(Number.NaN),
    });
    const learnt = { network: { ...network, step } as EmbeddingNetwork, classVectors };
    await expect(train(createJob(network, { learnt }))).rejects.toMatchObject({ code: 'training-diverged' });
  });

  it('warns when the embeddings collapse, once each time that begins, with or without held-out classes', async () => {
    const alike = [1, 0, 0, 0, 0, 0, 0, 0];
    for (const labels of [new Int32Array(), training.labels]) {
      const network = createEmbedder(['by image', alike, alike, 'by image', alike]);
      const job = createJob(network, {
        settings: { ...settings, dimension: 8, steps: 10 },
        validation: { ...training, labels },
      });
      await train(job);
      const { history } = job.progress;
      expect(history.map(({ meanDistance }) => meanDistance)).toEqual([Math.SQRT2, 0, 0, Math.SQRT2, 0]);
      expect(history.map(({ warnings }) => warnings.length)).toEqual([0, 1, 0, 0, 1]);
      expect(history[1].warnings[0]).toMatch(/all images embed alike: .* is 0\.0.*--learning-rate/);
    }
  });

  it('ends when validation has not risen for as many epochs as it is given', async () => {
    const run = async (patience: number): Promise<number> => {
      const job = createJob(createEmbedder(Array.from({ length: 6 }, () => 'by image')), {
        settings: { ...settings, dimension: 8, steps: 12, patience },
        validation: training,
      });
      expect(await train(job)).toBe(true);
      return job.progress.step;
    };
    // Nothing is ever found, so the first of the epochs, of two steps each, stays the best.
    expect([await run(0), await run(1), await run(3)]).toEqual([12, 4, 8]);
  });
});
