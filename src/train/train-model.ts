import { resolve } from 'node:path';
import type { Dataset } from '../datasets/dataset.js';
import type { UnreadableExample } from '../datasets/read-example.js';
import { holdOutClasses } from '../datasets/select-classes.js';
import type { ReadTrainingSet, TrainingSet } from '../datasets/training-set.js';
import type { Manifest } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { evaluateRetrieval } from '../math/retrieval-metrics.js';
import type { VectorBlock } from '../math/vectors.js';
import type { EpochMetrics, TrainingProgress } from './checkpoint.js';
import { chooseEngine } from './choose-engine.js';
import { completeChoice } from './complete-options.js';
import { exportedEpochOf, requireMonitored } from './early-stopping.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import type { EngineName } from './engine.js';
import { createLoss, fitNetwork } from './fit-network.js';
import type { FrozenBackbone } from './frozen-backbone.js';
import type { LossResult } from './losses/loss.js';
import type { NetworkSource } from './networks/network.js';
import { readTrainingSet } from './read-training-set.js';
import { checkpointOf, runDirectoryOf } from './run-files.js';
import {
  type ChosenSettings,
  type GivenSettings,
  type TrainingSettings,
  trainingSettingsSchema,
} from './settings.js';
import { readTargets, requireFeatures, type Teacher } from './teacher.js';
import { batchesPerEpoch } from './trainer.js';
import { embedSet, unitFeatures } from './validate.js';
import { requireFreeOutput, writeModel } from './write-model.js';

/** Retrieval without any training. */
export interface Floor {
  readonly recallAt1: number;
  readonly mapAtR: number;
}

/** Called as training goes on; all optional. */
export interface TrainingObserver {
  /** While the images are read, before the first step. */
  readonly onRead?: (done: number, total: number) => void;
  /** While the teacher looks at them. */
  readonly onTaught?: (done: number, total: number) => void;
  readonly onStart?: (run: {
    images: number;
    classes: number;
    held: number;
    steps: number;
    step: number;
    /** Left out. */
    failed: readonly UnreadableExample[];
  }) => void;
  /** Before the first step of a head: what the features it reads are worth by themselves, on the held-out classes. */
  readonly onFloor?: (floor: Floor) => void;
  readonly onStep?: (progress: TrainingProgress, result: LossResult, batches: number) => void;
  readonly onEpoch?: (metrics: EpochMetrics) => void;
}

/** What to train and how, apart from the images. */
export interface TrainingChoice {
  readonly network: NetworkSource;
  /** What `network` is a head for, if anything. */
  readonly backbone?: FrozenBackbone | undefined;
  /** `steps` may be left to `epochs`. */
  readonly settings: GivenSettings;
  readonly length: { readonly steps: number } | { readonly epochs: number };
  readonly engine: EngineName;
}

export interface TrainingRequest extends TrainingChoice {
  /** Classes to train with and to validate on; which ones are held out is drawn by the seed. */
  readonly dataset: Dataset;
  readonly datasetName: string;
  /** What `settings.teacher` names. */
  readonly teacher?: Teacher | undefined;
  /** Share of the classes held out; 0 = none. */
  readonly validationShare: number;
  /** Model directory that is written in the end. */
  readonly out: string;
  /** Side of the pictures that it says it wants, where it is not the one that it was trained with. */
  readonly servingSize?: number | undefined;
  readonly existing: 'refuse' | 'overwrite' | 'resume';
  /** Keeps the folder of the run to this process; called before anything is written there. */
  readonly lock?: (runDirectory: string) => Promise<{ close(): void }>;
  /** Whether the held-out images are embedded in the end. */
  readonly embedsHeldOut?: boolean;
  readonly signal: AbortSignal;
  readonly observer?: TrainingObserver;
}

/** Examples with their embeddings. */
export interface EmbeddedSet extends Pick<ReadTrainingSet, 'examples' | 'classNames'> {
  /** [examples, dimension] */
  readonly block: VectorBlock;
  /** Class number of each: [examples]. */
  readonly labels: Int32Array;
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
  /** All that decided the weights but the images. */
  readonly settings: TrainingSettings;
  /** What the features that a head reads are worth by themselves; undefined for a whole network. */
  readonly floor: Floor | undefined;
  /** The held-out images as the model embeds them; undefined unless asked for, without any, and when it was stopped. */
  readonly heldOut: EmbeddedSet | undefined;
  /** Where the checkpoint, `metrics.jsonl` and `metrics.csv` are. */
  readonly runDirectory: string;
}

interface TrainingSets {
  readonly training: ReadTrainingSet;
  readonly validation: ReadTrainingSet;
}

async function readSets(
  request: TrainingRequest & { readonly settings: ChosenSettings },
): Promise<TrainingSets> {
  const { dataset, validationShare, settings, signal, observer } = request;
  const split = holdOutClasses(dataset, { share: validationShare, seed: settings.seed });
  requireMonitored(split.validation, settings);
  const total = dataset.examples.length;
  const read = (part: Dataset, before: number, varied: boolean) =>
    readTrainingSet(part, request, {
      ...{ varied, signal },
      onProgress: done => observer?.onRead?.(before + done, total),
    });
  const training = await read(split.training, 0, true);
  if (training.classes < 2) {
    throw new MedoidError(
      'invalid-dataset',
      `expected images of at least 2 classes, got ${training.classes}`,
    );
  }
  const { teacher } = request;
  const targets =
    teacher &&
    (await readTargets(
      teacher,
      { dataset: split.training, training, settings },
      {
        signal,
        onProgress: done => observer?.onTaught?.(done, split.training.examples.length),
      },
    ));
  return {
    training: targets === undefined ? training : { ...training, set: { ...training.set, targets } },
    validation: await read(split.validation, split.training.examples.length, false),
  };
}

/** All that decides the weights but the images and the engine. */
export function completeSettings(
  { settings, network, length }: TrainingChoice,
  { engine, images }: { engine: string; images: number },
): TrainingSettings {
  const steps =
    'steps' in length ? length.steps : length.epochs * batchesPerEpoch(images, settings.batchSize);
  return trainingSettingsSchema.parse({
    ...completeChoice(settings),
    ...{ network: network.settings, steps, engine },
  });
}

async function measureFloor(heldOut: TrainingSet): Promise<Floor | undefined> {
  if (heldOut.labels.length === 0) return undefined;
  const { recallAt, mapAtR } = await evaluateRetrieval(await unitFeatures(heldOut), heldOut.labels, {
    ks: [1],
  });
  return { recallAt1: recallAt[1], mapAtR };
}

async function embedHeldOut(
  network: EmbeddingNetwork,
  { set, examples, classNames }: ReadTrainingSet,
  { dimension }: TrainingSettings,
): Promise<EmbeddedSet | undefined> {
  if (examples.length === 0) return undefined;
  const block = await embedSet(network, set, dimension);
  return { block, labels: set.labels, examples, classNames };
}

interface PreparedRun {
  readonly request: TrainingRequest & { readonly settings: ChosenSettings };
  readonly sets: TrainingSets;
  readonly settings: TrainingSettings;
  readonly runDirectory: string;
}

/** From the first step to the model directory. */
async function trainPrepared({
  request,
  sets,
  settings,
  runDirectory,
}: PreparedRun): Promise<TrainingOutcome> {
  const { out, network: source, backbone, existing, signal, observer, datasetName } = request;
  const { training, validation } = sets;
  const { classes, sha256: dataSha256 } = training;
  const images = training.set.labels.length;
  const failed = [...training.failed, ...validation.failed];
  const floor = backbone && (await measureFloor(validation.set));
  const batches = batchesPerEpoch(images, settings.batchSize);
  const { network, progress, completed } = await fitNetwork({
    ...{ settings, network: source, training, validation, runDirectory, signal },
    resume: existing === 'resume',
    onStart: step => {
      observer?.onStart?.({ images, classes, held: validation.classes, steps: settings.steps, step, failed });
      if (floor !== undefined) observer?.onFloor?.(floor);
    },
    onStep: (now, result) => observer?.onStep?.(now, result, batches),
    onEpoch: metrics => observer?.onEpoch?.(metrics),
  });
  try {
    const data = { dataset: datasetName, classes, images, dataSha256 };
    const { step: steps, history } = progress;
    const exported = exportedEpochOf(history, settings);
    const manifest = completed
      ? await writeModel(
          out,
          { network, backbone },
          {
            ...{ settings, data, metrics: exported },
            servingSize: request.servingSize,
          },
        )
      : undefined;
    const isWanted = completed && request.embedsHeldOut === true && !signal.aborted;
    const heldOut = isWanted ? await embedHeldOut(network, validation, settings) : undefined;
    const stoppedEarly = completed && steps < settings.steps;
    return {
      ...{ completed, manifest, steps, history, exported, stoppedEarly, failed, runDirectory },
      ...{ settings, heldOut, floor },
    };
  } finally {
    await network.close();
  }
}

/**
 * The whole offline pipeline: images → network → loss → checkpoints → `<out>/manifest.json` and `model.onnx`.
 * @throws MedoidError for bad options, data or checkpoints, and `training-diverged`
 */
export async function trainModel(given: TrainingRequest): Promise<TrainingOutcome> {
  const request = { ...given, settings: completeChoice(given.settings), out: resolve(given.out) };
  const { out, existing } = request;
  const runDirectory = runDirectoryOf(out);
  const requireFree = () => requireFreeOutput(out, { checkpoint: checkpointOf(runDirectory), existing });
  await requireFree();
  // Before images are read, for what no images can mend.
  createLoss(request.settings);
  if (request.teacher !== undefined) requireFeatures(request.teacher, request.settings);
  const engine = await chooseEngine(request.engine, request);
  const sets = await readSets(request);
  const settings = completeSettings(request, { engine, images: sets.training.set.labels.length });
  const lock = await request.lock?.(runDirectory);
  try {
    await requireFree(); // Another run may have come first while the images were read.
    return await trainPrepared({ request, sets, settings, runDirectory });
  } finally {
    lock?.close();
  }
}
