import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadTrainingSet, TrainingSet } from '../datasets/training-set.js';
import { replaceFile } from '../durable-file.js';
import { MedoidError } from '../errors.js';
import {
  type EpochMetrics,
  emptySums,
  restoreCheckpoint,
  saveCheckpoint,
  type TrainingProgress,
} from './checkpoint.js';
import { ClassVectors } from './class-vectors.js';
import { EmbeddingNetwork } from './embedding-network.js';
import { losses } from './losses/index.js';
import type { LossResult } from './losses/loss.js';
import type { NetworkSource } from './networks/network.js';
import { optimizers } from './optimizers/index.js';
import { samplers } from './samplers/index.js';
import type { PlannedBatch } from './samplers/sampler.js';
import type { TrainingSettings } from './settings.js';
import { train } from './trainer.js';

export interface FitRequest {
  readonly settings: TrainingSettings;
  /** What `settings.network` names. */
  readonly network: NetworkSource;
  readonly training: ReadTrainingSet;
  /** Of classes that are not trained on; may be empty. */
  readonly validation: TrainingSet;
  /** Folder of the checkpoint and `metrics.jsonl`; without it nothing is kept. */
  readonly runDirectory?: string;
  /** Whether to go on from the checkpoint there. */
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Before the first step. @param step steps done by the run that is resumed */
  readonly onStart?: (step: number) => void;
  readonly onStep?: (progress: TrainingProgress, result: LossResult) => void;
  /** Once the checkpoint is saved. */
  readonly onEpoch?: (metrics: EpochMetrics) => void;
}

export interface Fitted {
  /** The caller's to close. */
  readonly network: EmbeddingNetwork;
  readonly progress: TrainingProgress;
  /** False when the signal stopped it; the checkpoint is saved. */
  readonly completed: boolean;
}

export const checkpointOf = (runDirectory: string): string => join(runDirectory, 'checkpoint.safetensors');

function find<Entry extends { readonly name: string }>(registry: readonly Entry[], name: string): Entry {
  const entry = registry.find(candidate => candidate.name === name);
  if (entry === undefined) throw new MedoidError('invalid-option', `there is no ${name}`);
  return entry;
}

async function createParts({ settings, network: source, training }: FitRequest) {
  const { preprocessing, dimension, hiddenUnits, seed } = settings;
  const loss = find(losses, settings.loss.name).create(settings.loss.options);
  const sampler = find(samplers, settings.sampler.name).create(settings.sampler.options);
  const optimizer = find(optimizers, settings.optimizer.name).create(settings.optimizer.options);
  const shape = { inputSize: preprocessing.crop, dimension, hiddenUnits, seed };
  const network = new EmbeddingNetwork(await source.build(shape), optimizer);
  const classVectors =
    loss.classVectors &&
    new ClassVectors({ classes: training.classes, dimension, seed, ...loss.classVectors });
  return { loss, sampler, learnt: { network, classVectors } };
}

/**
 * Losses compare images of a batch with each other, unless they learn class vectors: batches of one class, or without
 * two images of any, would train nothing, silently.
 * @throws MedoidError `invalid-option`
 */
function requireComparisons(
  { labels }: TrainingSet,
  { sampler, loss }: Pick<Awaited<ReturnType<typeof createParts>>, 'sampler' | 'loss'>,
  { batchSize, classShare, seed }: TrainingSettings,
): void {
  const planned = sampler.planEpoch(labels, { batchSize, classShare, seed: `${seed}/batches/0` });
  const classesIn = ({ images }: PlannedBatch): number => new Set(images.map(image => labels[image])).size;
  const isUseful = (batch: PlannedBatch): boolean =>
    classesIn(batch) > 1 && classesIn(batch) < batch.images.length;
  if (loss.classVectors !== undefined || planned.some(isUseful)) return;
  throw new MedoidError(
    'invalid-option',
    `expected batches of at least 2 classes, with 2 images of some: the first has ${planned[0].images.length} images ` +
      `of ${classesIn(planned[0])} classes; see --class-share and --batch-size`,
    { field: 'classShare' },
  );
}

/**
 * Trains a network on a training set, with checkpoints.
 * @throws MedoidError for bad options or checkpoints, and `training-diverged`
 */
export async function fitNetwork(request: FitRequest): Promise<Fitted> {
  const { settings, training, validation, runDirectory, resume, signal, onStart, onStep, onEpoch } = request;
  const { loss, sampler, learnt } = await createParts(request);
  try {
    requireComparisons(training.set, { sampler, loss }, settings);
    const identity = { settings, dataSha256: training.sha256 };
    const progress: TrainingProgress =
      resume && runDirectory !== undefined
        ? await restoreCheckpoint(checkpointOf(runDirectory), learnt, identity)
        : { step: 0, sums: emptySums(), history: [] };
    const save = async (): Promise<void> => {
      if (runDirectory === undefined) return;
      await saveCheckpoint(checkpointOf(runDirectory), learnt, { ...identity, progress });
      const lines = progress.history.map(metrics => `${JSON.stringify(metrics)}\n`);
      await replaceFile(join(runDirectory, 'metrics.jsonl'), lines.join(''));
    };
    if (runDirectory !== undefined) await mkdir(runDirectory, { recursive: true });
    onStart?.(progress.step);
    const completed = await train({
      ...{ settings, learnt, loss, sampler, training: training.set, validation, progress, signal },
      onStep: (now, result) => onStep?.(now, result),
      onEpoch: async metrics => {
        await save();
        onEpoch?.(metrics);
      },
    });
    if (!completed) await save();
    return { network: learnt.network, progress, completed };
  } catch (error) {
    learnt.network.close();
    throw error;
  }
}
