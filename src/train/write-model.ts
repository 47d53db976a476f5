import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Manifest, manifestFile, manifestSchema } from '../embed/manifest.js';
import type { EpochMetrics } from './checkpoint.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import { exportOnnx } from './export-onnx.js';
import { preprocessingOf, type TrainingSettings } from './settings.js';

/** What the manifest tells about the training images. */
export interface TrainingDataSummary {
  readonly dataset: string;
  readonly classes: number;
  readonly images: number;
  readonly dataSha256: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Writes `<directory>/manifest.json` and `model.onnx`; the directory appears whole or not at all and replaces one
 * that is there.
 */
export async function writeModel(
  directory: string,
  network: EmbeddingNetwork,
  {
    settings,
    data,
    metrics,
  }: { settings: TrainingSettings; data: TrainingDataSummary; metrics: EpochMetrics | undefined },
): Promise<Manifest> {
  const target = resolve(directory);
  const { bytes, parameters } = exportOnnx(network.model);
  const { network: architecture, loss, seed, engine, ...rest } = settings;
  const manifest = manifestSchema.parse({
    formatVersion: 1,
    name: basename(target),
    createdAt: new Date().toISOString(),
    weights: { file: 'model.onnx', sha256: sha256(bytes), parameters },
    input: 'image',
    output: 'embedding',
    dimension: settings.dimension,
    preprocessing: preprocessingOf(settings),
    architecture: { network: architecture.name, options: architecture.options },
    training: { ...data, seed, engine, steps: metrics?.steps ?? 0, options: { loss, ...rest } },
    metrics:
      metrics === undefined ? {} : { loss: metrics.loss, recallAt1: metrics.recallAt1, ...metrics.terms },
  });
  const temporary = `${target}.tmp-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await writeFile(`${temporary}/model.onnx`, bytes);
  await writeFile(`${temporary}/${manifestFile}`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  return manifest;
}
