import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { defaultPreprocessing } from '../../src/images/preprocessing.js';
import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { multiSimilarity } from '../../src/train/losses/multi-similarity.js';
import { networks } from '../../src/train/networks/index.js';
import { mobilenetV2 } from '../../src/train/networks/mobilenet-v2.js';
import { namedNetwork } from '../../src/train/networks/named-network.js';
import { scaleChannels } from '../../src/train/networks/network.js';
import { importBackend, type LayersModel, type Tensor, tf } from '../../src/train/tf.js';
import { trainModel } from '../../src/train/train-model.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { buildSmallNetwork, defaultOptimizer, ratesOf, smallOptionsOf } from '../fixtures/small-networks.js';

const size = 32;
const batch = 8;
const names = networks.map(({ name }) => name);
const normals = (seed: string, count: number): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};
const input = normals('images', batch * size * size * 3);

/**
 * Batch and side of the pictures to compare gradients with. In a deep network, one unit within rounding of the kink of
 * its ReLU can change every gradient by a hundredth, so they are chosen to have none.
 */
const picturesFor: Readonly<Record<string, { count: number; side: number }>> = {
  'mobilenet-v2': { count: 4, side: 64 },
};

/** Gradients of Σ slopes ∘ embeddings by every weight that is learnt. */
function weightGradients(name: string): { weight: string; values: Float32Array }[] {
  const { count, side } = picturesFor[name] ?? { count: 8, side: 32 };
  const model = buildSmallNetwork(name, side);
  const { grads } = tf.tidy(() =>
    tf.variableGrads(() => {
      const images = tf.tensor4d(normals('i', count * side * side * 3), [count, side, side, 3]);
      const embeddings = model.apply(images, { training: true }) as Tensor;
      return tf.sum(tf.mul(embeddings, tf.tensor(normals('s', embeddings.size), embeddings.shape)));
    }),
  );
  const gradients = model.trainableWeights.map(weight => ({
    weight: weight.originalName,
    values: grads[weight.name].dataSync<'float32'>().slice(),
  }));
  tf.dispose(grads);
  model.dispose();
  return gradients;
}

const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

describe('the networks', () => {
  let folder: string;
  let dataset: Dataset;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-networks-'));
    await createClassFolders(join(folder, 'data'), { classes: 6, images: 4 });
    dataset = await classFolders.read(join(folder, 'data'));
    await loadEngine('wasm');
    await importBackend('cpu');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(names)('have the same weight gradients on wasm as on cpu: %s', async name => {
    await tf.setBackend('cpu');
    const expected = weightGradients(name);
    await tf.setBackend('wasm');
    const actual = weightGradients(name);
    // The shift before a layer that is normalised again has a gradient of 0, but for rounding.
    const zero = 1e-5 * Math.max(...expected.map(({ values }) => norm(values)));
    expect(actual.length).toBe(expected.length);
    for (const [i, { weight, values }] of actual.entries()) {
      const difference = norm(values.map((value, k) => value - expected[i].values[k]));
      expect(weight).toBe(expected[i].weight);
      expect(difference, weight).toBeLessThan(1e-3 * norm(expected[i].values) + zero);
    }
    expect(expected.filter(({ values }) => norm(values) > zero).length).toBeGreaterThan(expected.length / 2);
  });

  it.each(names)('learn a small batch by heart without leaving a tensor behind: %s', async name => {
    await tf.setBackend('wasm');
    const before = tf.memory().numTensors;
    const network = new EmbeddingNetwork(buildSmallNetwork(name, size), defaultOptimizer());
    const loss = multiSimilarity.create(multiSimilarity.options.parse({}));
    const labels = [0, 0, 1, 1, 2, 2, 3, 3];
    const values: number[] = [];
    const tensors: number[] = [];
    for (let step = 0; step < 8; step++) {
      values.push((await network.step({ input, labels }, loss, { epoch: 0, rates: ratesOf(3e-3) })).value);
      tensors.push(tf.memory().numTensors);
    }
    // The optimiser makes its memory in the first step.
    expect(new Set(tensors.slice(1)).size).toBe(1);
    expect(values[7]).toBeLessThan(0.8 * values[0]);
    expect(network.isFinite()).toBe(true);
    await network.close();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(names)('are the same for the same seed and others for another: %s', async name => {
    await tf.setBackend('wasm');
    const build = (seed: number): number[] => {
      const definition = networks.find(network => network.name === name);
      const options = definition?.options.parse(smallOptionsOf(name));
      const model = definition?.build(options, { inputSize: size, dimension: 4, seed }) as LayersModel;
      const norms = model.trainableWeights.map(weight => norm(weight.read().dataSync()));
      model.dispose();
      return norms;
    };
    expect(build(5)).toEqual(build(5));
    expect(build(6)).not.toEqual(build(5));
  });

  it.each(names)('go through training and export to an embedder that knows its network: %s', async name => {
    const out = join(folder, 'models', name);
    const options = smallOptionsOf(name);
    const { manifest } = await trainModel({
      dataset,
      datasetName: 'class-folders',
      validationShare: 0,
      network: namedNetwork({ name, options }),
      settings: {
        loss: { name: 'multi-similarity', options: {} },
        sampler: { name: 'c-over-m', options: {} },
        augmentation: { cropScale: 0, colourJitter: 0 },
        ...{
          preprocessing: defaultPreprocessing(size),
          dimension: 8,
          batchSize: 8,
          classShare: 0.5,
          learningRate: 0.003,
        },
        ...{ schedule: 'cosine', warmupSteps: 0, seed: 5 },
      },
      length: { steps: 2 },
      engine: 'wasm',
      out,
      existing: 'refuse',
      signal: new AbortController().signal,
    });
    const embedder = await OnnxEmbedder.open(out);
    expect(embedder.manifest).toEqual(manifest);
    expect(embedder.manifest.architecture).toMatchObject({ network: name, options });
    const files = dataset.examples.slice(0, 2).map(({ path }) => readFile(path));
    const [first, second] = await embedder.embed(await Promise.all(files));
    expect(first.length).toBe(8);
    expect(norm(first)).toBeCloseTo(1, 5);
    expect([...first]).not.toEqual([...second]);
    await embedder.close();
  });

  it.each([
    ['mobilenet-v2', { stemStride: 2 }, [null, 2, 2, 1280]],
    ['mobilenet-v2', { width: 0.1, stemStride: 1 }, [null, 4, 4, 1280]],
    ['mobilenet-v2', { width: 1.4 }, [null, 2, 2, 1792]],
    ['inception-bn', {}, [null, 2, 2, 1024]],
    ['inception-bn', { width: 0.5, stemStride: 4 }, [null, 4, 4, 512]],
    ['inception-bn', { width: 0.1, stemStride: 2 }, [null, 8, 8, 104]],
  ])('pool what the options say: %s %o', (name, options, shape) => {
    const definition = networks.find(network => network.name === name);
    const parsed = definition?.options.parse(options);
    const model = definition?.build(parsed, { inputSize: 64, dimension: 8, seed: 0 }) as LayersModel;
    expect((model.getLayer('pool').input as { shape: unknown }).shape).toEqual(shape);
    model.dispose();
  });

  it('have as many weights at full width as the published MobileNetV2', () => {
    const shape = { inputSize: 64, dimension: 8, seed: 0 };
    const model = mobilenetV2.build(mobilenetV2.options.parse({}), shape);
    const learnt = model.trainableWeights.reduce((sum, weight) => sum + weight.read().size, 0);
    model.dispose();
    // 3,504,872 with a classifier of 1280 · 1000 + 1000 in place of the embedding of 1280 · 8.
    expect(learnt - 1280 * 8).toBe(3_504_872 - 1_281_000);
  });

  it('scale channels to multiples of 8', () => {
    const widths = [0.1, 0.25, 0.75, 1, 1.4].map(width => scaleChannels(96, width));
    expect(widths).toEqual([8, 24, 72, 96, 136]);
  });
});
