import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dataset } from '../datasets/dataset.js';
import type { UnreadableExample } from '../datasets/read-example.js';
import { holdOutClasses } from '../datasets/select-classes.js';
import { replaceFile } from '../durable-file.js';
import type { Manifest } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import {
  type EpochMetrics,
  emptySums,
  restoreCheckpoint,
  saveCheckpoint,
  type TrainingProgress,
} from './checkpoint.js';
import { ClassVectors } from './class-vectors.js';
import { completeOptions } from './complete-options.js';
import { EmbeddingNetwork } from './embedding-network.js';
import { loadEngine } from './engine.js';
import { type ImageSet, type ReadImageSet, readImageSet } from './image-set.js';
import { losses } from './losses/index.js';
import type { LossResult } from './losses/loss.js';
import { networks } from './networks/index.js';
import { samplers } from './samplers/index.js';
import type { PlannedBatch } from './samplers/sampler.js';
import {
  preprocessingOf,
  type TrainingSettings,
  trainingSettingsSchema,
  trainingSideOf,
} from './settings.js';
import { batchesPerEpoch, train } from './trainer.js';
import { requireFreeOutput, writeModel } from './write-model.js';

/** Called as training goes on; all optional. */
export interface TrainingObserver {
  /** While the images are read, before the first step. */
  readonly onRead?: (done: number, total: number) => void;
  readonly onStart?: (run: {
    images: number;
    classes: number;
    held: number;
    steps: number;
    step: number;
    /** Left out. */
    failed: readonly UnreadableExample[];
  }) => void;
  readonly onStep?: (progress: TrainingProgress, result: LossResult, batches: number) => void;
  readonly onEpoch?: (metrics: EpochMetrics) => void;
}

export interface TrainingRequest {
  /** Classes to train with and to validate on; which ones are held out is drawn by the seed. */
  readonly dataset: Dataset;
  readonly datasetName: string;
  /** Share of the classes held out; 0 = none. */
  readonly validationShare: number;
  /** `steps` may be left to `epochs`. */
  readonly settings: Omit<TrainingSettings, 'engine' | 'steps'>;
  readonly length: { readonly steps: number } | { readonly epochs: number };
  readonly engine: Parameters<typeof loadEngine>[0];
  /** Model directory that is written in the end. */
  readonly out: string;
  readonly existing: 'refuse' | 'overwrite' | 'resume';
  readonly signal: AbortSignal;
  readonly observer?: TrainingObserver;
}

export interface TrainingOutcome {
  /** False when the signal stopped it: the checkpoint is saved and no model written. */
  readonly completed: boolean;
  readonly manifest: Manifest | undefined;
  readonly steps: number;
  readonly history: readonly EpochMetrics[];
  readonly failed: readonly UnreadableExample[];
  /** Where the checkpoint and `metrics.jsonl` are. */
  readonly runDirectory: string;
}

export const runDirectoryOf = (out: string): string => `${resolve(out)}.training`;
const checkpointOf = (out: string): string => join(runDirectoryOf(out), 'checkpoint.safetensors');

interface Images {
  readonly training: ReadImageSet;
  readonly validation: ReadImageSet;
}

async function readImages({
  dataset,
  validationShare,
  settings,
  signal,
  observer,
}: TrainingRequest): Promise<Images> {
  const split = holdOutClasses(dataset, { share: validationShare, seed: settings.seed });
  const total = dataset.examples.length;
  const preprocessing = preprocessingOf(settings);
  const read = (part: Dataset, before: number, resize: number) =>
    readImageSet(part, {
      preprocessing: { ...preprocessing, resize },
      signal,
      onProgress: done => observer?.onRead?.(before + done, total),
    });
  const training = await read(split.training, 0, trainingSideOf(settings));
  if (training.classes < 2) {
    throw new MedoidError(
      'invalid-dataset',
      `expected images of at least 2 classes, got ${training.classes}`,
    );
  }
  return {
    training,
    validation: await read(split.validation, split.training.examples.length, preprocessing.resize),
  };
}

function createParts(settings: TrainingSettings, classes: number) {
  const { name: networkName } = settings.network;
  const definition = networks.find(({ name }) => name === networkName);
  const lossDefinition = losses.find(({ name }) => name === settings.loss.name);
  const samplerDefinition = samplers.find(({ name }) => name === settings.sampler.name);
  if (definition === undefined || lossDefinition === undefined || samplerDefinition === undefined) {
    const names = [networkName, settings.loss.name, settings.sampler.name];
    throw new MedoidError('invalid-option', `no such network, loss or sampler: ${names.join(', ')}`);
  }
  const { imageSize: inputSize, dimension, seed } = settings;
  const model = definition.build(settings.network.options, { inputSize, dimension, seed });
  const loss = lossDefinition.create(settings.loss.options);
  const classVectors =
    loss.classVectors && new ClassVectors({ classes, dimension, seed, ...loss.classVectors });
  const sampler = samplerDefinition.create(settings.sampler.options);
  return { loss, sampler, learnt: { network: new EmbeddingNetwork(model, inputSize), classVectors } };
}

function completeSettings(
  { settings, length }: TrainingRequest,
  { engine, images }: { engine: string; images: number },
): TrainingSettings {
  const steps =
    'steps' in length ? length.steps : length.epochs * batchesPerEpoch(images, settings.batchSize);
  return trainingSettingsSchema.parse({ ...settings, steps, engine });
}

/**
 * Losses compare images of a batch with each other, unless they learn class vectors: batches of one class, or without
 * two images of any, would train nothing, silently.
 * @throws MedoidError `invalid-option`
 */
function requireComparisons(
  { labels }: ImageSet,
  { sampler, loss }: Pick<ReturnType<typeof createParts>, 'sampler' | 'loss'>,
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
 * The whole offline pipeline: images → network → loss → checkpoints → `<out>/manifest.json` and `model.onnx`.
 * @throws MedoidError for bad options, data or checkpoints, and `training-diverged`
 */
export async function trainModel(given: TrainingRequest): Promise<TrainingOutcome> {
  const request = { ...given, settings: completeOptions(given.settings), out: resolve(given.out) };
  const { out, existing, signal, observer, datasetName } = request;
  const checkpoint = checkpointOf(out);
  await requireFreeOutput(out, { checkpoint, existing });
  const engine = await loadEngine(request.engine);
  const { training, validation } = await readImages(request);
  const settings = completeSettings(request, { engine, images: training.images.labels.length });
  const { loss, sampler, learnt } = createParts(settings, training.classes);
  try {
    requireComparisons(training.images, { sampler, loss }, settings);
    const identity = { settings, dataSha256: training.sha256 };
    const progress: TrainingProgress =
      existing === 'resume'
        ? await restoreCheckpoint(checkpoint, learnt, identity)
        : { step: 0, sums: emptySums(), history: [] };
    const save = async (): Promise<void> => {
      await saveCheckpoint(checkpoint, learnt, { ...identity, progress });
      const lines = progress.history.map(metrics => `${JSON.stringify(metrics)}\n`);
      await replaceFile(join(runDirectoryOf(out), 'metrics.jsonl'), lines.join(''));
    };
    await mkdir(runDirectoryOf(out), { recursive: true });
    const failed = [...training.failed, ...validation.failed];
    const batches = batchesPerEpoch(training.images.labels.length, settings.batchSize);
    observer?.onStart?.({
      images: training.images.labels.length,
      classes: training.classes,
      held: validation.classes,
      steps: settings.steps,
      step: progress.step,
      failed,
    });
    const completed = await train({
      settings,
      learnt,
      loss,
      sampler,
      images: training.images,
      validation: validation.images,
      progress,
      signal,
      onStep: (now, result) => observer?.onStep?.(now, result, batches),
      onEpoch: async metrics => {
        await save();
        observer?.onEpoch?.(metrics);
      },
    });
    if (!completed) await save();
    const data = {
      dataset: datasetName,
      classes: training.classes,
      images: training.images.labels.length,
      dataSha256: training.sha256,
    };
    const manifest = completed
      ? await writeModel(out, learnt.network, { settings, data, metrics: progress.history.at(-1) })
      : undefined;
    return {
      completed,
      manifest,
      steps: progress.step,
      history: progress.history,
      failed,
      runDirectory: runDirectoryOf(out),
    };
  } finally {
    learnt.network.close();
  }
}
