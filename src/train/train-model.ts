import { resolve } from 'node:path';
import type { Dataset } from '../datasets/dataset.js';
import type { UnreadableExample } from '../datasets/read-example.js';
import { holdOutClasses } from '../datasets/select-classes.js';
import { type Manifest, sha256 } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import type { EpochMetrics, TrainingProgress } from './checkpoint.js';
import { ClassVectors } from './class-vectors.js';
import { completeOptions } from './complete-options.js';
import { exportedEpochOf, requireMonitored } from './early-stopping.js';
import { EmbeddingNetwork } from './embedding-network.js';
import { loadEngine } from './engine.js';
import { type ImageSet, type ReadImageSet, readImageSet } from './image-set.js';
import { losses } from './losses/index.js';
import type { LossResult } from './losses/loss.js';
import { networks } from './networks/index.js';
import { checkpointOf, runDirectoryOf, saveRun, startRun, takeBestWeights } from './run-files.js';
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
  /** The epoch whose weights the model has. */
  readonly exported: EpochMetrics | undefined;
  /** Whether it ended because validation had stalled. */
  readonly stoppedEarly: boolean;
  readonly failed: readonly UnreadableExample[];
  /** Where the checkpoint, `metrics.jsonl` and `metrics.csv` are. */
  readonly runDirectory: string;
}

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
  requireMonitored(split.validation, settings);
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
  const terms = Object.keys(lossDefinition.terms);
  return { loss, terms, sampler, learnt: { network: new EmbeddingNetwork(model, inputSize), classVectors } };
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

/** SHA-256 of the images that decide the weights: those of validation, too, where they decide when to stop. */
const decidingSha256 = ({ training, validation }: Images, { patience }: TrainingSettings): string =>
  patience === 0 ? training.sha256 : sha256(`${training.sha256}/${validation.sha256}`);

/**
 * The whole offline pipeline: images → network → loss → checkpoints → `<out>/manifest.json` and `model.onnx`.
 * @throws MedoidError for bad options, data or checkpoints, and `training-diverged`
 */
export async function trainModel(given: TrainingRequest): Promise<TrainingOutcome> {
  const request = { ...given, settings: completeOptions(given.settings), out: resolve(given.out) };
  const { out, existing, signal, observer, datasetName } = request;
  await requireFreeOutput(out, { checkpoint: checkpointOf(out), existing });
  const engine = await loadEngine(request.engine);
  const read = await readImages(request);
  const { training, validation } = read;
  const settings = completeSettings(request, { engine, images: training.images.labels.length });
  const { loss, terms, sampler, learnt } = createParts(settings, training.classes);
  try {
    requireComparisons(training.images, { sampler, loss }, settings);
    const run = { out, learnt, terms, identity: { settings, dataSha256: decidingSha256(read, settings) } };
    const progress = await startRun(run, { resume: existing === 'resume' });
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
        await saveRun(run, progress);
        observer?.onEpoch?.(metrics);
      },
    });
    await (completed ? takeBestWeights(run, progress) : saveRun(run, progress));
    const exported = exportedEpochOf(progress.history, settings);
    const data = {
      dataset: datasetName,
      classes: training.classes,
      images: training.images.labels.length,
      dataSha256: training.sha256,
    };
    const manifest = completed
      ? await writeModel(out, learnt.network, { settings, data, metrics: exported })
      : undefined;
    return {
      completed,
      manifest,
      steps: progress.step,
      history: progress.history,
      exported,
      stoppedEarly: completed && progress.step < settings.steps,
      failed,
      runDirectory: runDirectoryOf(out),
    };
  } finally {
    learnt.network.close();
  }
}
