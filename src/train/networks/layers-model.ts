import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MedoidError, messageOf } from '../../errors.js';
import { exportableLayers, exportOnnx } from '../export-onnx.js';
import { BatchNorm } from '../layers/batch-norm.js';
import { ReLU6 } from '../layers/relu6.js';
import type { NamedTensor } from '../safetensors.js';
import { setWeights } from '../set-weights.js';
import { type LayersModel, type SymbolicTensor, tf, tfl } from '../tf.js';
import { averageOverSpace, NetworkBuilder, type NetworkSource } from './network.js';
import { cutAt, layersOf, lostOf, type PretrainedLayer, topologyOf } from './pretrained-topology.js';

// Their names in a topology.
tf.serialization.registerClass(BatchNorm as never);
tf.serialization.registerClass(ReLU6 as never);

const modelSchema = z.object({
  modelTopology: z.unknown(),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string().regex(/^[^/\\]+$/, 'expected names of files beside it')),
      weights: z.array(z.looseObject({ name: z.string(), shape: z.array(z.int()), dtype: z.string() })),
    }),
  ),
});

interface LayersModelFile {
  readonly layers: readonly PretrainedLayer[];
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: ArrayBuffer;
  /** Of the file and its shards. */
  readonly sha256: string;
}

async function readLayersModel(path: string): Promise<LayersModelFile> {
  const invalid = (reason: string, cause?: unknown): MedoidError =>
    new MedoidError('invalid-model', `${path} is not a TensorFlow.js layers model: ${reason}`, { cause });
  const text = await readFile(path, 'utf8').catch(error => {
    throw new MedoidError(
      'file-not-found',
      `expected a model.json or the folder of a training: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  });
  const hash = createHash('sha256').update(text);
  try {
    const { modelTopology, weightsManifest } = modelSchema.parse(JSON.parse(text));
    const shards: Buffer[] = [];
    for (const { paths } of weightsManifest) {
      for (const shard of paths) shards.push(await readFile(join(dirname(path), shard)));
    }
    for (const shard of shards) hash.update(shard);
    return {
      layers: layersOf(modelTopology),
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights) as tf.io.WeightsManifestEntry[],
      weightData: new Uint8Array(Buffer.concat(shards)).buffer,
      sha256: hash.digest('hex'),
    };
  } catch (error) {
    throw invalid(error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error);
  }
}

/** What Keras calls the weights of a batch normalisation, and what ours does. */
const renamed: Readonly<Record<string, string>> = {
  moving_mean: 'movingMean',
  moving_variance: 'movingVariance',
};

/** The weights of the file, by the names that ours have. */
function readWeights({ weightData, weightSpecs }: LayersModelFile): NamedTensor[] {
  const saved = tf.io.decodeWeights(weightData, weightSpecs);
  const tensors = Object.entries(saved).map(([name, tensor]) => {
    const [last, ...path] = name.split('/').reverse();
    const data = tensor.dataSync<'float32'>().slice();
    return { name: [...path.reverse(), renamed[last] ?? last].join('/'), shape: tensor.shape, data };
  });
  tf.dispose(saved);
  return tensors;
}

/** A scale or shift that the file has none of stays 1 or 0. */
const mayLack = (name: string, given: NamedTensor | undefined): boolean =>
  given === undefined && /\/(gamma|beta)$/.test(name);

/** By a name that no layer of the file has. */
const pooled = (x: SymbolicTensor): SymbolicTensor => averageOverSpace(x, 'head/pool');

function requireExportable(layers: readonly PretrainedLayer[], path: string): void {
  // The last two become others in `topologyOf`.
  const known = [...exportableLayers, 'BatchNormalization', 'Dropout'];
  for (const layer of layers) {
    const { name } = layer.config;
    const lost = lostOf(layer);
    if (lost !== undefined) {
      throw new MedoidError('invalid-model', `${path}: layer ${name} has ${lost}, which is not known here`);
    }
    if (/^head(\/|$)/.test(name)) {
      throw new MedoidError('invalid-model', `${path}: expected no layer named ${name}, as the new head is`);
    }
  }
  const strange = layers.find(({ class_name: type }) => !known.includes(type));
  if (strange === undefined) return;
  throw new MedoidError(
    'invalid-model',
    `${path}: layer ${strange.config.name} is a ${strange.class_name}, which cannot be trained or exported here; ` +
      `expected ${known.filter(type => !type.startsWith('Medoid')).join(', ')}, or a layer before it to cut at`,
  );
}

/** `--init`: where a pretrained network comes from. */
export interface LayersModelReference {
  /** `model.json` of a TensorFlow.js layers model, its shards beside it. */
  readonly path: string;
  /** Name of the layer whose output the head reads; the last one unless given. */
  readonly layer?: string | undefined;
}

/**
 * A pretrained network: a TensorFlow.js layers model, functional or sequential, cut at a named layer, with a new head
 * behind it. All of it is trained. Batch normalisation becomes ours, with the same weights.
 * @throws MedoidError `file-not-found`, `invalid-model` or `invalid-option`, naming the file, layer or weight
 */
export async function openLayersModel({ path, layer }: LayersModelReference): Promise<NetworkSource> {
  const file = await readLayersModel(path);
  const cut = layer ?? (file.layers.at(-1)?.config.name as string);
  const layers = cutAt(file.layers, cut);
  requireExportable(layers, path);
  const buildTrunk = async (inputSize: number): Promise<LayersModel> => {
    const topology = topologyOf(layers, inputSize);
    const trunk = await tfl.loadLayersModel(tf.io.fromMemory({ modelTopology: topology }));
    setWeights(trunk, readWeights(file), mayLack);
    return trunk;
  };
  const attempt = async <T>(inputSize: number, build: (trunk: LayersModel) => T): Promise<T> => {
    try {
      return build(await buildTrunk(inputSize));
    } catch (error) {
      const reason = `${path} cannot be trained on pictures of ${inputSize} pixels: ${messageOf(error)}`;
      throw new MedoidError('invalid-model', reason, { cause: error });
    }
  };
  return {
    settings: { name: 'layers-model', options: { layer: cut, sha256: file.sha256 } },
    buildTrunk: inputSize =>
      attempt(inputSize, ({ inputs, outputs }) =>
        tfl.model({ inputs, outputs: pooled(outputs[0]), name: 'trunk' }),
      ),
    build: shape =>
      attempt(shape.inputSize, ({ inputs, outputs }) => {
        const embedding = new NetworkBuilder(shape.seed).head(pooled(outputs[0]), shape);
        const model = tfl.model({ inputs, outputs: embedding, name: 'layers-model' });
        exportOnnx(model); // What cannot be exported is better known before the training than after.
        return model;
      }),
  };
}
