import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { loadEngine } from '../../src/train/engine.js';
import { findBlock } from '../../src/train/gradient-graph/gradient-runner.js';
import { GraphGradients } from '../../src/train/gradient-graph/graph-gradients.js';
import { type Gradients, recordedGradients } from '../../src/train/gradients.js';
import { BatchNorm } from '../../src/train/layers/batch-norm.js';
import { networks } from '../../src/train/networks/index.js';
import { type LayersModel, type Scalar, type SymbolicTensor, tf, tfl } from '../../src/train/tf.js';

const dimension = 8;

const build = (name: string, inputSize: number, options: Record<string, unknown>): LayersModel => {
  const definition = networks.find(network => network.name === name);
  if (definition === undefined) throw new Error(name);
  return definition.build(definition.options.parse(options), { inputSize, dimension, seed: 3 });
};

const normals = (count: number, seed: string): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

const readAll = (model: LayersModel): Float32Array[] =>
  model.getWeights().map(weight => weight.dataSync<'float32'>().slice());

interface Computed {
  readonly embeddings: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** All weights afterwards: of them, only running statistics move. */
  readonly weights: readonly Float32Array[];
}

/** Gradients of Σ slope ∘ embeddings; the model is left as it was. */
async function compute(
  model: LayersModel,
  gradients: Gradients,
  { size, batch }: { size: number; batch: number },
): Promise<Computed> {
  const before = model.getWeights().map(weight => weight.clone());
  const slope = normals(batch * dimension, 'slope');
  let embeddings = new Float32Array();
  const grads = await gradients.compute(normals(batch * size * size * 3, 'input'), rows => {
    embeddings = rows.dataSync<'float32'>().slice();
    return tf.sum(tf.mul(rows, tf.tensor(slope, [batch, dimension]))) as Scalar;
  });
  const values = new Map(
    Object.entries(grads).map(([name, tensor]) => [name, tensor.dataSync<'float32'>().slice()]),
  );
  tf.dispose(grads);
  const weights = readAll(model);
  model.setWeights(before);
  tf.dispose(before);
  return { embeddings, gradients: values, weights };
}

function expectClose(actual: Float32Array | undefined, expected: Float32Array, what: string): void {
  expect(actual?.length, what).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = expected.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (actual as Float32Array)[i])),
    0,
  );
  expect(worst / scale, what).toBeLessThan(1e-4);
}

// Sides that stride 2 divides and does not, batches that fill blocks and do not, an identity beside a projection.
const cases = [
  { size: 32, batch: 16, options: { width: 16 } },
  { size: 33, batch: 16, options: { width: 16 } },
  { size: 47, batch: 5, options: { width: 16 } },
  { size: 38, batch: 20, options: { width: 16, blocks: 2 } },
  { size: 32, batch: 33, options: { width: 32 } },
];

describe.skipIf((await findBlock()) === undefined)('gradients by ONNX graphs', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  it.each(cases)(
    'are those of TensorFlow.js: side $size, batch $batch, $options',
    async ({ size, batch, options }) => {
      const model = build('resnet', size, options);
      const graph = await GraphGradients.open(model);
      const actual = await compute(model, graph, { size, batch });
      const expected = await compute(model, recordedGradients(model), { size, batch });
      expectClose(actual.embeddings, expected.embeddings, 'embeddings');
      expect([...actual.gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
      for (const [name, values] of expected.gradients) expectClose(actual.gradients.get(name), values, name);
      for (const [i, values] of expected.weights.entries())
        expectClose(actual.weights[i], values, model.weights[i].originalName);
      await graph.close();
      model.dispose();
    },
  );

  it('are those of TensorFlow.js behind layers that only --init brings, and of more sizes than stay open', async () => {
    const { layers } = tfl;
    const image = tfl.input({ shape: [24, 24, 3] });
    const convolve = (filters: number, kernelSize: number, padding: 'same' | 'valid') =>
      layers.conv2d({ filters, kernelSize, padding, strides: 2, useBias: false });
    const stages = [
      ...[convolve(16, 5, 'valid'), new BatchNorm({ name: 'a' }), layers.reLU(), convolve(32, 3, 'same')],
      ...[layers.globalAveragePooling2d({}), layers.reLU(), layers.dense({ units: 24, useBias: false })],
      ...[new BatchNorm({ name: 'b' }), layers.reLU(), layers.dense({ units: dimension, useBias: false })],
    ];
    const embedding = stages.reduce((x, layer) => layer.apply(x) as SymbolicTensor, image);
    const model = tfl.model({ inputs: image, outputs: embedding });
    const graph = await GraphGradients.open(model);
    for (const batch of [5, 6, 7, 8, 9, 5]) {
      const actual = await compute(model, graph, { size: 24, batch });
      const expected = await compute(model, recordedGradients(model), { size: 24, batch });
      expectClose(actual.embeddings, expected.embeddings, 'embeddings');
      for (const [name, values] of expected.gradients) expectClose(actual.gradients.get(name), values, name);
    }
    await graph.close();
    model.dispose();
  });

  it.each([
    ['convolution', tfl.layers.conv2d({ filters: 16, kernelSize: 3, useBias: false, activation: 'relu' })],
    ['dense layer', tfl.layers.dense({ units: 16, useBias: false, activation: 'relu' })],
  ])('refuse an activation that is in a %s', async (_, layer) => {
    const image = tfl.input({ shape: [16, 16, 16] });
    const read =
      layer.getClassName() === 'Dense' ? tfl.layers.globalAveragePooling2d({}).apply(image) : image;
    const model = tfl.model({ inputs: image, outputs: layer.apply(read) as SymbolicTensor });
    await expect(GraphGradients.open(model)).rejects.toThrow('expected no activation, got relu');
    model.dispose();
  });

  it('are the same to the bit when computed again, and leave no tensor behind', async () => {
    const model = build('resnet', 32, { width: 16 });
    const graph = await GraphGradients.open(model);
    const first = await compute(model, graph, { size: 32, batch: 16 });
    const before = tf.memory().numTensors;
    expect(await compute(model, graph, { size: 32, batch: 16 })).toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
    await graph.close();
    model.dispose();
  });

  it.each([
    { name: 'mobilenet-v2', options: {}, reason: /DepthwiseConv2D|ReLU6|channels/ },
    { name: 'small-conv', options: { width: 16 }, reason: /stage1\/pool: MaxPooling2D has no gradient here/ },
    {
      name: 'resnet',
      options: { width: 12 },
      reason: /stem\/conv: expected a multiple of \d+ channels, got 12/,
    },
  ])('refuse $name $options and say what of it they do not know', async ({ name, options, reason }) => {
    const model = build(name, 32, options);
    await expect(GraphGradients.open(model)).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringMatching(reason),
    });
    model.dispose();
  });
});
