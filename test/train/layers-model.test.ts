import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor as OrtTensor } from '../../src/embed/onnx-runtime.js';
import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { exportOnnx } from '../../src/train/export-onnx.js';
import type { Loss } from '../../src/train/losses/loss.js';
import { openLayersModel } from '../../src/train/networks/layers-model.js';
import { type LayersModel, type SymbolicTensor, type Tensor, tf, tfl } from '../../src/train/tf.js';
import { defaultOptimizer, ratesOf } from '../fixtures/small-networks.js';

const size = 24;
const shape = { inputSize: size, dimension: 5, seed: 1 };
const random = createRandom('pretrained');
const pixels = Float32Array.from({ length: 2 * size * size * 3 }, () => random.normal());

/** Random values for every weight, variances above 0, so that nothing is what it is by default. */
function randomiseWeights(model: LayersModel): void {
  for (const weight of model.weights) {
    const isVariance = weight.originalName.endsWith('moving_variance');
    const values = tf.randomUniform(
      weight.shape as number[],
      isVariance ? 0.5 : -0.5,
      isVariance ? 2 : 0.5,
      'float32',
      7,
    );
    weight.write(values as Tensor);
  }
}

const apply = (layer: tfl.layers.Layer, ...inputs: SymbolicTensor[]): SymbolicTensor =>
  layer.apply(inputs.length === 1 ? inputs[0] : inputs) as SymbolicTensor;

/** Every layer type that may come in. */
function createFunctional(): LayersModel {
  const { layers } = tfl;
  const image = tfl.input({ shape: [size, size, 3], name: 'picture' });
  const padded = apply(
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [1, 2],
      ],
      name: 'pad',
    }),
    image,
  );
  const conv = apply(
    layers.conv2d({
      name: 'conv',
      filters: 8,
      kernelSize: 3,
      strides: 2,
      padding: 'valid',
      activation: 'relu',
    }),
    padded,
  );
  const norm = apply(layers.batchNormalization({ name: 'norm', epsilon: 0.01, scale: false }), conv);
  const depthwise = apply(
    layers.depthwiseConv2d({ name: 'dw', kernelSize: 3, padding: 'same', useBias: false }),
    norm,
  );
  const folded = apply(layers.batchNormalization({ name: 'dw_norm' }), depthwise);
  const relu6 = apply(layers.reLU({ name: 'relu6', maxValue: 6 }), folded);
  const pooled = apply(
    layers.maxPooling2d({ name: 'max', poolSize: 3, strides: 2, padding: 'valid' }),
    relu6,
  );
  const left = apply(
    layers.conv2d({ name: 'left', filters: 4, kernelSize: 1, activation: 'linear' }),
    pooled,
  );
  const active = apply(layers.activation({ name: 'active', activation: 'relu' }), left);
  const joined = apply(layers.concatenate({ name: 'joined' }), active, left);
  const added = apply(layers.add({ name: 'added' }), joined, pooled);
  const plain = apply(layers.reLU({ name: 'plain' }), added);
  const dropped = apply(layers.dropout({ name: 'dropped', rate: 0.5 }), plain);
  const features = apply(layers.globalAveragePooling2d({ name: 'features' }), dropped);
  const classes = apply(layers.dense({ name: 'classes', units: 3, activation: 'softmax' }), features);
  const model = tfl.model({ inputs: image, outputs: classes });
  randomiseWeights(model);
  return model;
}

async function save(model: LayersModel, folder: string, name: string): Promise<string> {
  const path = join(folder, `${name}.json`);
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const bytes = Buffer.from(tf.io.concatenateArrayBuffers([weightData].flat() as ArrayBuffer[]));
      const half = bytes.length >> 1;
      await writeFile(join(folder, `${name}-1of2.bin`), bytes.subarray(0, half));
      await writeFile(join(folder, `${name}-2of2.bin`), bytes.subarray(half));
      const paths = [`${name}-1of2.bin`, `${name}-2of2.bin`];
      const weightsManifest = [{ paths, weights: weightSpecs }];
      await writeFile(path, JSON.stringify({ modelTopology, weightsManifest }));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return path;
}

/** Pulls every embedding to where all its numbers are 1. */
const loss: Loss = {
  normalised: false,
  evaluate: ({ data }) => ({ value: 1, gradient: data.map(value => value - 1), terms: {} }),
};

/** Output of a layer for the pictures above. */
const outputOf = (model: LayersModel, layer: string): number[] => {
  const part = tfl.model({ inputs: model.inputs, outputs: model.getLayer(layer).output as SymbolicTensor });
  return tf.tidy(() => [...(part.predict(tf.tensor4d(pixels, [2, size, size, 3])) as Tensor).dataSync()]);
};

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));

describe('a pretrained layers model', () => {
  let folder: string;
  let path: string;
  let original: LayersModel;

  beforeAll(async () => {
    await loadEngine('wasm');
    folder = await mkdtemp(join(tmpdir(), 'medoid-init-'));
    original = createFunctional();
    path = await save(original, folder, 'functional');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('computes what it did, up to the cut', async () => {
    const source = await openLayersModel({ path, layer: 'features' });
    const model = await source.build(shape);
    expect(largestDifference(outputOf(model, 'features'), outputOf(original, 'features'))).toBeLessThan(1e-5);
    expect(model.layers.map(({ name }) => name)).not.toContain('classes');
    expect(model.outputs[0].shape).toEqual([null, 5]);
    model.dispose();
  });

  it('takes pictures of another size, and averages over space where the cut has some', async () => {
    const source = await openLayersModel({ path, layer: 'joined' });
    const model = await source.build({ ...shape, inputSize: 40, hiddenUnits: 6 });
    expect(model.inputs[0].shape).toEqual([null, 40, 40, 3]);
    expect(model.layers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['head/pool', 'head/hidden', 'head']),
    );
    expect(model.layers.map(({ name }) => name)).not.toContain('added');
    model.dispose();
  });

  it('exports to ONNX that embeds alike', async () => {
    const source = await openLayersModel({ path, layer: 'features' });
    const network = new EmbeddingNetwork(await source.build(shape), defaultOptimizer());
    const session = await InferenceSession.create(exportOnnx(network.model).bytes);
    const planar = Float32Array.from(pixels, (_, i) => {
      const [image, channel, pixel] = [
        Math.floor(i / (3 * size * size)),
        Math.floor(i / (size * size)) % 3,
        i % (size * size),
      ];
      return pixels[(image * size * size + pixel) * 3 + channel];
    });
    const answer = await session.run({ image: new OrtTensor('float32', planar, [2, 3, size, size]) });
    const expected = network.embed(pixels).data;
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
    expect(largestDifference(answer.embedding.data as Float32Array, expected)).toBeLessThan(1e-4);
    await session.release();
    await network.close();
  });

  it('is trained as a whole and the same way each time, whatever was frozen or dropped out before', async () => {
    const text = (await readFile(path, 'utf8')).replaceAll('"trainable":true', '"trainable":false');
    const frozen = join(folder, 'frozen.json');
    await writeFile(frozen, text);
    const source = await openLayersModel({ path: frozen, layer: 'features' });
    const train = async (): Promise<number[][]> => {
      const network = new EmbeddingNetwork(await source.build(shape), defaultOptimizer());
      for (let step = 0; step < 3; step++) {
        await network.step({ input: pixels, labels: [0, 0] }, loss, { epoch: 0, rates: ratesOf(0.01) });
      }
      const weights = network.weights().map(({ data }) => [...data]);
      await network.close();
      return weights;
    };
    const [first, second] = [await train(), await train()];
    expect(first).toEqual(second);
    const before = new EmbeddingNetwork(await source.build(shape), defaultOptimizer());
    const untouched = before.weights().filter(({ data }, i) => String([...data]) === String(first[i]));
    await before.close();
    // Only the scale that the file has none of, and what normalises the head, are not learnt.
    expect(untouched.map(({ name }) => name).filter(name => !/gamma|beta/.test(name))).toEqual([]);
  });

  it('may be sequential', async () => {
    const { layers } = tfl;
    const sequential = tfl.sequential({
      layers: [
        layers.conv2d({
          name: 'only',
          filters: 4,
          kernelSize: 3,
          inputShape: [size, size, 3],
          activation: 'relu',
        }),
        layers.globalAveragePooling2d({ name: 'mean' }),
      ],
    });
    randomiseWeights(sequential);
    const source = await openLayersModel({ path: await save(sequential, folder, 'sequential') });
    expect(source.settings.options).toMatchObject({ layer: 'mean' });
    const model = await source.build(shape);
    expect(largestDifference(outputOf(model, 'mean'), outputOf(sequential, 'mean'))).toBeLessThan(1e-5);
    model.dispose();
  });

  it('is known by its weights: the same file, the same settings, and no others', async () => {
    const { settings } = await openLayersModel({ path, layer: 'features' });
    expect((await openLayersModel({ path, layer: 'features' })).settings).toEqual(settings);
    randomiseWeights(original);
    original.weights[0].write(tf.zerosLike(original.weights[0].read()));
    const other = await openLayersModel({ path: await save(original, folder, 'other'), layer: 'features' });
    expect(other.settings.options.sha256).not.toBe(settings.options.sha256);
  });

  it('is refused with the name of what is wrong', async () => {
    await expect(openLayersModel({ path: join(folder, 'none.json') })).rejects.toMatchObject({
      code: 'file-not-found',
    });
    await expect(openLayersModel({ path, layer: 'fire9' })).rejects.toThrow(
      /expected one of the layers .*joined.*got fire9/,
    );
    const { modelTopology, weightsManifest } = JSON.parse(await readFile(path, 'utf8'));
    const write = async (name: string, content: unknown): Promise<string> => {
      const target = join(folder, name);
      await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content));
      return target;
    };
    await expect(openLayersModel({ path: await write('text.json', 'hello') })).rejects.toThrow(
      /layers model/,
    );
    const away = [{ ...weightsManifest[0], paths: ['gone.bin'] }];
    await expect(
      openLayersModel({ path: await write('gone.json', { modelTopology, weightsManifest: away }) }),
    ).rejects.toThrow(/gone\.bin/);
    const escaping = [{ ...weightsManifest[0], paths: ['../../etc/passwd'] }];
    await expect(
      openLayersModel({ path: await write('escape.json', { modelTopology, weightsManifest: escaping }) }),
    ).rejects.toThrow(/names of files beside it/);
    const cut = [{ ...weightsManifest[0], paths: weightsManifest[0].paths.slice(0, 1) }];
    const short = await openLayersModel({
      path: await write('short.json', { modelTopology, weightsManifest: cut }),
      layer: 'features',
    });
    await expect(short.build(shape)).rejects.toMatchObject({ code: 'invalid-model' });
    const text = JSON.stringify({ modelTopology, weightsManifest });
    const strange = await write('strange.json', text.replace('"DepthwiseConv2D"', '"LocallyConnected2D"'));
    await expect(openLayersModel({ path: strange, layer: 'features' })).rejects.toThrow(
      /layer dw is a LocallyConnected2D/,
    );
    const changed = async (name: string, from: RegExp, to: string) => {
      expect(text).toMatch(from);
      return openLayersModel({ path: await write(name, text.replace(from, to)), layer: 'features' });
    };
    await expect(
      changed('slope.json', /"negative_slope":0|"max_value":6/, '"negative_slope":0.5'),
    ).rejects.toThrow(/negative_slope 0\.5, which is not known here/);
    await expect(changed('dilated.json', /"dilation_rate":\[1,1\]/, '"dilation_rate":[2,2]')).rejects.toThrow(
      /dilation_rate 2,2/,
    );
    await expect(changed('planar.json', /"channels_last"/, '"channels_first"')).rejects.toThrow(
      /channels_first/,
    );
    await expect(
      openLayersModel({
        path: await write('head.json', text.replaceAll('"joined"', '"head"')),
        layer: 'features',
      }),
    ).rejects.toThrow(/expected no layer named head/);
    const whole = await openLayersModel({ path });
    await expect(whole.build(shape)).rejects.toThrow(
      /classes: expected activation relu or linear, got softmax/,
    );
  });
});
