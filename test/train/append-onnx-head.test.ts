import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { manifestSchema, saveModel, sha256 } from '../../src/embed/manifest.js';
import { InferenceSession, Tensor as OrtTensor } from '../../src/embed/onnx-runtime.js';
import { poolTokens } from '../../src/embed/pool-tokens.js';
import { createRandom } from '../../src/math/random.js';
import { normalise } from '../../src/math/vectors.js';
import { appendOnnxHead } from '../../src/train/append-onnx-head.js';
import { loadEngine } from '../../src/train/engine.js';
import { extendOnnxGraph } from '../../src/train/extend-onnx-graph.js';
import { BatchNorm } from '../../src/train/layers/batch-norm.js';
import { ReLU6 } from '../../src/train/layers/relu6.js';
import { type LayersModel, type SymbolicTensor, type Tensor, tf, tfl } from '../../src/train/tf.js';
import { createPicture } from '../fixtures/images.js';
import {
  encodeTinyBackbone,
  type TinyBackboneOptions,
  tinyPreprocessing,
  withIrVersion,
} from '../fixtures/tiny-backbone.js';

const side = 32;
const count = 3;
const features = 6;
const dimension = 4;
const opsets = [9, 11, 13, 17, 18, 21, 22];

type Outputs = Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>;

const pictures = (n: number): Float32Array => {
  const random = createRandom('pictures');
  return Float32Array.from({ length: n * 3 * side * side }, () => random.normal());
};

async function run(model: Uint8Array, n = count): Promise<Outputs> {
  const session = await InferenceSession.create(model);
  const image = new OrtTensor('float32', pictures(n), [n, 3, side, side]);
  const outputs = (await session.run({ image })) as unknown as Outputs;
  await session.release();
  return outputs;
}

const input = (): SymbolicTensor => tfl.input({ shape: [features] });
const random = (seed: number) => tfl.initializers.randomNormal({ stddev: 1, seed });
const dense = (units: number, seed: number) =>
  tfl.layers.dense({ units, kernelInitializer: random(seed), biasInitializer: random(seed + 1) });

function createLinear(): LayersModel {
  const rows = input();
  return tfl.model({ inputs: rows, outputs: dense(dimension, 1).apply(rows) as SymbolicTensor });
}

/** Two layers, a normalisation that is folded and one that is not. */
function createMlp(clipped = false): LayersModel {
  const rows = input();
  const standard = new BatchNorm({ name: 'standard' }).apply(rows) as SymbolicTensor;
  const hidden = dense(8, 3).apply(standard) as SymbolicTensor;
  const norm = new BatchNorm({ name: 'hidden_norm' }).apply(hidden) as SymbolicTensor;
  const activation = clipped ? new ReLU6({ name: 'clipped' }) : tfl.layers.reLU();
  const active = activation.apply(norm) as SymbolicTensor;
  const model = tfl.model({ inputs: rows, outputs: dense(dimension, 5).apply(active) as SymbolicTensor });
  // As after training: nothing is what it began as.
  const numbers = createRandom('weights');
  model.setWeights(
    model.getWeights().map(({ shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return tf.tensor(
        Float32Array.from({ length: size }, () => 0.5 + numbers.next()),
        shape,
      );
    }),
  );
  return model;
}

/** The head as TensorFlow.js has it, and its rows to unit length. */
function headOf(head: LayersModel, rows: Float32Array): Float32Array {
  const raw = tf.tidy(() =>
    (head.predict(tf.tensor2d(rows, [rows.length / features, features])) as Tensor).dataSync(),
  );
  return Float32Array.from(
    Array.from({ length: raw.length / dimension }, (_, i) => [
      ...normalise(Float32Array.from(raw.slice(i * dimension, (i + 1) * dimension))),
    ]).flat(),
  );
}

function expectNear(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  expect(worst).toBeLessThan(1e-5);
  expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
}

describe('a head behind a backbone', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  const variants: (TinyBackboneOptions & { head: string })[] = opsets.flatMap(opset =>
    ([2, 4] as const).flatMap(rank => ['linear', 'mlp'].map(head => ({ opset, rank, head }))),
  );
  it.each(variants)(
    'is the features, then the head: opset $opset, rank $rank, $head',
    async ({ head, ...options }) => {
      const backbone = encodeTinyBackbone(options);
      const model = head === 'linear' ? createLinear() : createMlp();
      const { bytes, ...headed } = appendOnnxHead({ bytes: backbone, features: 'features' }, model);
      expect(headed.output).toBe('embedding');
      expect(headed.dimension).toBe(dimension);
      const [alone, together] = [await run(backbone), await run(bytes)];
      expect(together.features).toEqual(alone.features);
      expect(together.embedding.dims).toEqual([count, dimension]);
      expectNear(together.embedding.data, headOf(model, alone.features.data));
      model.dispose();
    },
  );

  const pooled = opsets.flatMap(opset => (['cls', 'mean'] as const).map(pooling => ({ opset, pooling })));
  it.each(pooled)('pools tokens as the embedder does: opset $opset, $pooling', async ({ opset, pooling }) => {
    const backbone = encodeTinyBackbone({ opset, rank: 3 });
    const model = createLinear();
    const { bytes } = appendOnnxHead({ bytes: backbone, features: 'features', pooling }, model);
    const [{ features: tokens }, { embedding }] = [await run(backbone), await run(bytes)];
    const rows = poolTokens(tokens.data, [count, 16, features], pooling);
    expect(embedding.dims).toEqual([count, dimension]);
    expectNear(embedding.data, headOf(model, Float32Array.from(rows.flatMap(row => [...row]))));
    model.dispose();
  });

  it('clips where the opset has bounds as inputs, and says so where it has not', async () => {
    const model = createMlp(true);
    const backbone = encodeTinyBackbone({ opset: 11 });
    const { bytes } = appendOnnxHead({ bytes: backbone, features: 'features' }, model);
    expectNear((await run(bytes)).embedding.data, headOf(model, (await run(backbone)).features.data));
    const old = { bytes: encodeTinyBackbone({ opset: 10 }), features: 'features' };
    expect(() => appendOnnxHead(old, model)).toThrow(/opset 11 or later behind which to put ReLU6, got 10/);
    model.dispose();
  });

  it('declares its constants as inputs where the format is that old', async () => {
    const declared = extendOnnxGraph(encodeTinyBackbone({ opset: 9 }), {
      ...{ nodes: [], initializers: [] },
      inputs: [{ name: 'filter', dims: [features, 3, 8, 8] }],
    });
    const backbone = withIrVersion(declared, 3);
    const model = createLinear();
    const { bytes } = appendOnnxHead({ bytes: backbone, features: 'features' }, model);
    expectNear((await run(bytes)).embedding.data, headOf(model, (await run(backbone)).features.data));
    const text = Buffer.from(bytes).toString('latin1');
    // As a constant, as input of a node, as input of the graph.
    expect(text.split('head/embedding.floor')).toHaveLength(4);
    // One that is no float32, too.
    const tokens = withIrVersion(
      extendOnnxGraph(encodeTinyBackbone({ opset: 9, rank: 3 }), {
        ...{ nodes: [], initializers: [] },
        inputs: [
          { name: 'filter', dims: [features, 3, 8, 8] },
          { name: 'rows', type: 'int64', dims: [3] },
        ],
      }),
      3,
    );
    const first = appendOnnxHead({ bytes: tokens, features: 'features', pooling: 'cls' }, model);
    const rows = poolTokens((await run(tokens)).features.data, [count, 16, features], 'cls');
    const expected = headOf(model, Float32Array.from(rows.flatMap(row => [...row])));
    expectNear((await run(first.bytes)).embedding.data, expected);
    model.dispose();
  });

  it('leaves every byte of the backbone, and what it has no schema for', () => {
    const metadata = Buffer.concat([Buffer.of(0x72, 8), Buffer.from('\n\x01k\x12\x03abc')]); // metadata_props (14)
    const backbone = Buffer.concat([encodeTinyBackbone(), metadata]);
    const model = createLinear();
    const { bytes } = appendOnnxHead({ bytes: backbone, features: 'features' }, model);
    const at = backbone.indexOf(Buffer.from('image'));
    expect(Buffer.from(bytes).includes(metadata)).toBe(true);
    // From the first node on, the graph is one piece.
    expect(Buffer.from(bytes).includes(backbone.subarray(at, backbone.length - metadata.length - 6))).toBe(
      true,
    );
    model.dispose();
  });

  it('takes other names where the backbone has its own already, even in a head of ours', async () => {
    const model = createLinear();
    const backbone = encodeTinyBackbone();
    const once = appendOnnxHead({ bytes: backbone, features: 'features' }, model);
    const twice = appendOnnxHead({ bytes: once.bytes, features: 'features' }, model);
    expect([once.output, twice.output]).toEqual(['embedding', 'head2/embedding']);
    const outputs = await run(twice.bytes);
    expect(outputs['head2/embedding'].data).toEqual(outputs.embedding.data);
    model.dispose();
  });

  it('counts the numbers of backbone and head', () => {
    const model = createLinear();
    const { parameters } = appendOnnxHead(
      { bytes: encodeTinyBackbone({ opset: 21 }), features: 'features' },
      model,
    );
    expect(parameters).toBe(6 * 3 * 8 * 8 + 6 * 4 + 4);
    model.dispose();
  });

  it('keeps a row of zeros zero', async () => {
    const rows = input();
    const zero = tfl.layers.dense({ units: dimension, kernelInitializer: 'zeros' }).apply(rows);
    const model = tfl.model({ inputs: rows, outputs: zero as SymbolicTensor });
    for (const opset of opsets) {
      const { bytes } = appendOnnxHead({ bytes: encodeTinyBackbone({ opset }), features: 'features' }, model);
      expect([...(await run(bytes)).embedding.data]).toEqual(Array(count * dimension).fill(0));
    }
    model.dispose();
  });

  it.each([
    ['an output it does not have', encodeTinyBackbone(), 'other', /an output other, got features/],
    ['an opset that is too old', encodeTinyBackbone({ opset: 8 }), 'features', /opset 9 or later, got 8/],
    ['a text', Buffer.from('<html>'), 'features', /no ONNX model/],
    ['nothing', new Uint8Array(), 'features', /an output features, got/],
  ])('refuses %s', (_, bytes, name, message) => {
    const model = createLinear();
    expect(() => appendOnnxHead({ bytes, features: name }, model)).toThrow(message);
    model.dispose();
  });

  it('refuses to extend what has no graph', () => {
    expect(() => extendOnnxGraph(Buffer.of(0x08, 0x08), { nodes: [], initializers: [] })).toThrow(
      /without a graph/,
    );
  });

  describe('as a model directory', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'medoid-headed-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it.each(['n', 1])('embeds pictures, any number at once: the backbone takes %s', async taken => {
      const model = createLinear();
      const backbone = { bytes: encodeTinyBackbone({ count: taken }), features: 'features' };
      const { bytes, output, parameters } = appendOnnxHead(backbone, model);
      const manifest = manifestSchema.parse({
        formatVersion: 1,
        ...{ name: 'headed', createdAt: '2024-01-01T00:00:00Z', input: 'image', output, dimension },
        weights: { file: 'model.onnx', sha256: sha256(bytes), parameters },
        preprocessing: tinyPreprocessing,
        architecture: { network: 'linear', options: {} },
        training: {
          ...{ dataset: 'none', classes: 0, images: 0, dataSha256: sha256(''), seed: 0, steps: 0 },
          ...{ engine: 'none', options: {} },
        },
        metrics: {},
      });
      const directory = join(folder, String(taken));
      await saveModel(directory, manifest, bytes);
      const embedder = await OnnxEmbedder.open(directory, { threads: 1 });
      const images = await Promise.all([1, 2, 3].map(seed => createPicture(seed)));
      const together = await embedder.embed(images);
      expect(together).toHaveLength(3);
      for (const [i, image] of images.entries()) {
        const [alone] = await embedder.embed([image]);
        for (const [d, value] of alone.entries()) expect(together[i][d]).toBeCloseTo(value, 5);
      }
      await embedder.close();
      model.dispose();
    });
  });
});
