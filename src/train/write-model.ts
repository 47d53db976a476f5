import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Manifest, manifestSchema, occupantOf, saveModel, sha256 } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { resizedTo } from '../images/preprocessing.js';
import { appendOnnxHead } from './append-onnx-head.js';
import type { EpochMetrics } from './checkpoint.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import { exportOnnx } from './export-onnx.js';
import type { FrozenBackbone } from './frozen-backbone.js';
import type { TrainingSettings } from './settings.js';

/** What the manifest tells about the training images. */
export interface TrainingDataSummary {
  readonly dataset: string;
  readonly classes: number;
  readonly images: number;
  readonly dataSha256: string;
}

const weightsFile = 'model.onnx';

/**
 * Says before the work begins that the output cannot go where it should.
 * @throws MedoidError `out-exists` for a model or checkpoint that is there, unless it is to be replaced or continued,
 *   and always for a folder that holds anything else; `invalid-checkpoint` when there is none to continue
 */
export async function requireFreeOutput(
  directory: string,
  { checkpoint, existing }: { checkpoint: string; existing: 'refuse' | 'overwrite' | 'resume' },
): Promise<void> {
  if (existing === 'resume' && !existsSync(checkpoint)) {
    throw new MedoidError('invalid-checkpoint', `there is nothing to resume: expected ${checkpoint}`);
  }
  const occupant = await occupantOf(directory);
  if (existing !== 'refuse') return;
  if (existsSync(checkpoint)) {
    throw new MedoidError(
      'out-exists',
      `${checkpoint} is there already: --resume continues it, --overwrite starts anew`,
    );
  }
  if (occupant === 'model') {
    throw new MedoidError('out-exists', `${directory} is there already: --overwrite replaces it`);
  }
}

interface Trained {
  readonly network: EmbeddingNetwork;
  /** What the network is a head for, if anything. */
  readonly backbone: FrozenBackbone | undefined;
}

/** One ONNX model from pictures to embeddings, the frozen part before a head in it. */
async function exportTrained({ network, backbone }: Trained): Promise<{
  readonly bytes: Uint8Array;
  readonly parameters: number;
  readonly input: string;
  readonly output: string;
  readonly features?: string | undefined;
}> {
  if (backbone === undefined) return { ...exportOnnx(network.model), input: 'image', output: 'embedding' };
  const { input, output: features, pooling } = backbone;
  const bytes = await backbone.readWeights();
  const headed = appendOnnxHead({ bytes, features, pooling }, network.model);
  // Another head may read what this one does.
  return { ...headed, input, ...(pooling === undefined ? { features } : {}) };
}

/** Writes `<directory>/manifest.json` and `model.onnx`. @throws MedoidError as `saveModel` */
export async function writeModel(
  directory: string,
  trained: Trained,
  {
    settings,
    data,
    metrics,
    servingSize = settings.preprocessing.crop,
  }: {
    settings: TrainingSettings;
    data: TrainingDataSummary;
    metrics: EpochMetrics | undefined;
    /** Side of the input that the model is served with, where it is not the one that it was trained with. */
    servingSize?: number | undefined;
  },
): Promise<Manifest> {
  const target = resolve(directory);
  const { bytes, parameters, input, output, features } = await exportTrained(trained);
  const { network: architecture, preprocessing, loss, seed, engine, ...rest } = settings;
  const manifest = manifestSchema.parse({
    formatVersion: 1,
    name: basename(target),
    createdAt: new Date().toISOString(),
    weights: { file: weightsFile, sha256: sha256(bytes), parameters },
    ...{ input, output, ...(features === undefined ? {} : { features }) },
    dimension: settings.dimension,
    preprocessing: resizedTo(preprocessing, servingSize),
    architecture: { network: architecture.name, options: architecture.options },
    training: { ...data, seed, engine, steps: metrics?.steps ?? 0, options: { loss, ...rest } },
    metrics:
      metrics === undefined
        ? {}
        : { loss: metrics.loss, recallAt1: metrics.recallAt1, mapAtR: metrics.mapAtR, ...metrics.terms },
  });
  await saveModel(target, manifest, bytes);
  return manifest;
}
