import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor as OrtTensor } from '../../src/embed/onnx-runtime.js';
import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { exportableLayers, exportOnnx } from '../../src/train/export-onnx.js';
import { AveragePooling } from '../../src/train/layers/average-pooling.js';
import { BatchNorm } from '../../src/train/layers/batch-norm.js';
import { ReLU6 } from '../../src/train/layers/relu6.js';
import { losses } from '../../src/train/losses/index.js';
import { networks } from '../../src/train/networks/index.js';
import { type SymbolicTensor, tfl } from '../../src/train/tf.js';
import { buildSmallNetwork, defaultOptimizer, ratesOf } from '../fixtures/small-networks.js';

const images = 4;

const randomInput = (size: number): Float32Array => {
  const random = createRandom('input');
  return Float32Array.from({ length: images * size * size * 3 }, () => random.normal());
};

const toNchw = (input: Float32Array, size: number): Float32Array => {
  const output = new Float32Array(input.length);
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < size * size; p++) {
        output[(n * 3 + c) * size * size + p] = input[(n * size * size + p) * 3 + c];
      }
    }
  }
  return output;
};

/** Largest absolute difference between ONNX Runtime's embeddings and TensorFlow.js's, and whether they say anything. */
async function compare(network: EmbeddingNetwork, size: number): Promise<{ worst: number; spread: number }> {
  const input = randomInput(size);
  const expected = network.embed(input).data;
  const session = await InferenceSession.create(exportOnnx(network.model).bytes);
  const answer = await session.run({
    image: new OrtTensor('float32', toNchw(input, size), [images, 3, size, size]),
  });
  const actual = answer.embedding.data as Float32Array;
  expect(actual.length).toBe(expected.length);
  await session.release();
  return {
    worst: actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0),
    spread: Math.max(...expected) - Math.min(...expected),
  };
}

/** A few steps, so that running statistics, scales and shifts are none of them what they began as. */
async function trainALittle(network: EmbeddingNetwork, size: number): Promise<void> {
  const [definition] = losses;
  const loss = definition.create(definition.options.parse({}));
  for (let step = 0; step < 3; step++) {
    await network.step({ input: randomInput(size), labels: [0, 0, 1, 1] }, loss, {
      epoch: 0,
      rates: ratesOf(0.01),
    });
  }
}

describe('export to ONNX', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  it.each(networks.map(network => network.name))('embeds as TensorFlow.js does: %s', async name => {
    for (const size of [32, 47]) {
      const network = new EmbeddingNetwork(buildSmallNetwork(name, size), defaultOptimizer());
      await trainALittle(network, size);
      const { worst, spread } = await compare(network, size);
      expect(spread).toBeGreaterThan(0.1);
      expect(worst).toBeLessThan(1e-4);
      await network.close();
    }
  });

  it.each(networks)('has a form for every layer of $name', definition => {
    const model = definition.build(definition.options.parse({}), { inputSize: 32, dimension: 8, seed: 0 });
    for (const layer of model.layers) expect(exportableLayers).toContain(layer.getClassName());
    model.dispose();
  });

  it('keeps a normalisation that cannot be folded, biases and unpadded layers', async () => {
    const size = 24;
    const image = tfl.input({ shape: [size, size, 3] });
    const pieces = tfl.layers;
    const conv = pieces
      .conv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'valid', biasInitializer: 'randomNormal' })
      .apply(image) as SymbolicTensor;
    // Read twice, so it cannot disappear into the convolution.
    const norm = new BatchNorm({ name: 'norm' }).apply(conv) as SymbolicTensor;
    const sum = pieces.add().apply([conv, norm]) as SymbolicTensor;
    const pooled = pieces.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(sum);
    const flat = pieces.globalAveragePooling2d({}).apply(pieces.reLU().apply(pooled) as SymbolicTensor);
    const dense = pieces.dense({ units: 5, biasInitializer: 'randomNormal' }).apply(flat);
    const network = new EmbeddingNetwork(
      tfl.model({ inputs: image, outputs: dense as SymbolicTensor }),
      defaultOptimizer(),
    );
    await trainALittle(network, size);
    expect((await compare(network, size)).worst).toBeLessThan(1e-4);
    await network.close();
  });

  const depthwiseCases = [1, 2].flatMap(strides =>
    [3, 5].flatMap(kernelSize =>
      (['same', 'valid'] as const).flatMap(padding =>
        [true, false].map(folded => ({ strides, kernelSize, padding, folded })),
      ),
    ),
  );

  it.each(depthwiseCases)(
    'exports a depthwise convolution with bias: stride $strides, kernel $kernelSize, $padding, folded $folded',
    async ({ folded, ...settings }) => {
      const size = 15;
      const image = tfl.input({ shape: [size, size, 3] });
      const convolved = tfl.layers
        .depthwiseConv2d({ ...settings, biasInitializer: 'randomNormal' })
        .apply(image) as SymbolicTensor;
      const norm = new BatchNorm({ name: 'norm' }).apply(convolved) as SymbolicTensor;
      const read = folded ? norm : (tfl.layers.concatenate().apply([convolved, norm]) as SymbolicTensor);
      const flat = tfl.layers.globalAveragePooling2d({}).apply(read) as SymbolicTensor;
      const dense = tfl.layers.dense({ units: 5 }).apply(flat) as SymbolicTensor;
      const network = new EmbeddingNetwork(tfl.model({ inputs: image, outputs: dense }), defaultOptimizer());
      await trainALittle(network, size);
      expect((await compare(network, size)).worst).toBeLessThan(1e-4);
      await network.close();
    },
  );

  it.each([3, 5])(
    'exports ReLU6 that clips, and average pooling that leaves the padding out: %d',
    async size => {
      const side = 6;
      const image = tfl.input({ shape: [side, side, 3] });
      const wide = tfl.layers
        .conv2d({
          filters: 8,
          kernelSize: 1,
          kernelInitializer: tfl.initializers.randomNormal({ stddev: 5, seed: 1 }),
        })
        .apply(image) as SymbolicTensor;
      const clipped = new ReLU6({ name: 'clipped' }).apply(wide) as SymbolicTensor;
      const pooled = new AveragePooling({ name: 'pooled', size }).apply(clipped) as SymbolicTensor;
      // Without an activation or a second pooling, so that each border pixel counts.
      const both = tfl.layers.concatenate().apply([clipped, pooled]) as SymbolicTensor;
      const rows = tfl.layers
        .conv2d({ filters: 12, kernelSize: side, padding: 'valid', useBias: false })
        .apply(both) as SymbolicTensor;
      const flat = tfl.layers.globalAveragePooling2d({}).apply(rows) as SymbolicTensor;
      const network = new EmbeddingNetwork(tfl.model({ inputs: image, outputs: flat }), defaultOptimizer());
      const { worst, spread } = await compare(network, side);
      expect(spread).toBeGreaterThan(0.1);
      expect(worst).toBeLessThan(1e-4);
      await network.close();
    },
  );

  it('counts what was learnt and the running statistics that are folded, no bounds of ReLU6', () => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const convolved = tfl.layers.depthwiseConv2d({ kernelSize: 3, useBias: false }).apply(image);
    const clipped = new ReLU6({ name: 'bounds' }).apply(convolved as SymbolicTensor) as SymbolicTensor;
    const flat = tfl.layers.globalAveragePooling2d({}).apply(clipped) as SymbolicTensor;
    // 3×3 taps and a bias for each of 3 channels.
    expect(exportOnnx(tfl.model({ inputs: image, outputs: flat })).parameters).toBe(30);
  });

  it.each([
    ['depth multiplier of 1', () => tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })],
    ['no maximum', () => tfl.layers.reLU({ maxValue: 6 })],
  ])('refuses a setting it has no form for: %s', (message, layer) => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const output = tfl.layers.globalAveragePooling2d({}).apply(layer().apply(image)) as SymbolicTensor;
    expect(() => exportOnnx(tfl.model({ inputs: image, outputs: output }))).toThrow(message);
  });

  it('refuses to concatenate along rows', () => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const norm = new BatchNorm({ name: 'other' }).apply(image) as SymbolicTensor;
    const rows = tfl.layers.concatenate({ axis: 1 }).apply([image, norm]) as SymbolicTensor;
    const output = tfl.layers.globalAveragePooling2d({}).apply(rows) as SymbolicTensor;
    expect(() => exportOnnx(tfl.model({ inputs: image, outputs: output }))).toThrow(/axis 1/);
  });

  it('refuses a layer without an ONNX form, naming it', () => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const flat = tfl.layers.flatten({ name: 'flattened' }).apply(image) as SymbolicTensor;
    const model = tfl.model({ inputs: image, outputs: flat });
    expect(() => exportOnnx(model)).toThrow(/flattened: Flatten/);
  });
});
