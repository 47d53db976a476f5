import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor as OrtTensor } from '../../src/embed/onnx-runtime.js';
import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { exportableLayers, exportOnnx } from '../../src/train/export-onnx.js';
import { BatchNorm } from '../../src/train/layers/batch-norm.js';
import { losses } from '../../src/train/losses/index.js';
import { networks } from '../../src/train/networks/index.js';
import { type LayersModel, type SymbolicTensor, tfl } from '../../src/train/tf.js';

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
function trainALittle(network: EmbeddingNetwork, size: number): void {
  const [definition] = losses;
  const loss = definition.create(definition.options.parse({}));
  for (let step = 0; step < 3; step++) {
    network.step({ input: randomInput(size), labels: [0, 0, 1, 1] }, loss, { epoch: 0, learningRate: 0.01 });
  }
}

describe('export to ONNX', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  it.each(networks.map(network => network.name))('embeds as TensorFlow.js does: %s', async name => {
    const definition = networks.find(network => network.name === name);
    for (const size of [32, 47]) {
      const options = definition?.options.parse({ width: 8 });
      const model = definition?.build(options, { inputSize: size, dimension: 16, seed: 3 }) as LayersModel;
      const network = new EmbeddingNetwork(model, size);
      trainALittle(network, size);
      const { worst, spread } = await compare(network, size);
      expect(spread).toBeGreaterThan(0.1);
      expect(worst).toBeLessThan(1e-4);
      network.close();
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
      size,
    );
    trainALittle(network, size);
    expect((await compare(network, size)).worst).toBeLessThan(1e-4);
    network.close();
  });

  it('refuses a layer without an ONNX form, naming it', () => {
    const image = tfl.input({ shape: [8, 8, 3] });
    const flat = tfl.layers.flatten({ name: 'flattened' }).apply(image) as SymbolicTensor;
    const model = tfl.model({ inputs: image, outputs: flat });
    expect(() => exportOnnx(model)).toThrow(/flattened: Flatten/);
  });
});
