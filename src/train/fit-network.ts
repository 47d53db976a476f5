import type { ReadTrainingSet, TrainingSet } from '../datasets/training-set.js';
import { sha256 } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import type { EpochMetrics, TrainingProgress } from './checkpoint.js';
import { buildNetwork } from './choose-engine.js';
import { ClassVectors } from './class-vectors.js';
import { EmbeddingNetwork } from './embedding-network.js';
import { GraphGradients } from './gradient-graph/graph-gradients.js';
import { losses } from './losses/index.js';
import type { Loss, LossResult } from './losses/loss.js';
import type { NetworkSource } from './networks/network.js';
import { optimizers } from './optimizers/index.js';
import { type Run, saveRun, startRun, takeBestWeights } from './run-files.js';
import { samplers } from './samplers/index.js';
import type { PlannedBatch } from './samplers/sampler.js';
import type { TrainingSettings } from './settings.js';
import { withTeacher } from './teacher.js';
import { train } from './trainer.js';

export interface FitRequest {
  readonly settings: TrainingSettings;
  /** What `settings.network` names. */
  readonly network: NetworkSource;
  readonly training: ReadTrainingSet;
  /** Of classes that are not trained on; may be empty. */
  readonly validation: Pick<ReadTrainingSet, 'set' | 'sha256'>;
  /** Folder of the checkpoint and the logs. */
  readonly runDirectory: string;
  /** Whether to go on from the checkpoint there. */
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Before the first step. @param step steps done by the run that is resumed */
  readonly onStart?: (step: number) => void;
  readonly onStep?: (progress: TrainingProgress, result: LossResult) => void;
  /** Once it is saved. */
  readonly onEpoch?: (metrics: EpochMetrics) => void;
}

export interface Fitted {
  /** The caller's to close. */
  readonly network: EmbeddingNetwork;
  readonly progress: TrainingProgress;
  /** False when the signal stopped it; the checkpoint is saved. */
  readonly completed: boolean;
}

function find<Entry extends { readonly name: string }>(registry: readonly Entry[], name: string): Entry {
  const entry = registry.find(candidate => candidate.name === name);
  if (entry === undefined) throw new MedoidError('invalid-option', `there is no ${name}`);
  return entry;
}

/** The loss of some settings, with the teacher beside it where there is one. @throws MedoidError `invalid-option` */
export function createLoss({ loss, teacher }: Pick<TrainingSettings, 'loss' | 'teacher'>): Loss {
  const own = find(losses, loss.name).create(loss.options);
  return teacher === null ? own : withTeacher(own, teacher.weight);
}

async function createParts({ settings, network: source, training }: FitRequest) {
  const { dimension, seed } = settings;
  const lossDefinition = find(losses, settings.loss.name);
  const loss = createLoss(settings);
  const sampler = find(samplers, settings.sampler.name).create(settings.sampler.options);
  const optimizer = find(optimizers, settings.optimizer.name).create(settings.optimizer.options);
  const model = await buildNetwork(source, settings);
  const gradients = settings.engine === 'onnx' ? await GraphGradients.open(model) : undefined;
  const network = new EmbeddingNetwork(model, optimizer, gradients);
  const classVectors =
    loss.classVectors &&
    new ClassVectors({ classes: training.classes, dimension, seed, ...loss.classVectors });
  const terms = [...Object.keys(lossDefinition.terms), ...(settings.teacher === null ? [] : ['imitation'])];
  return { loss, terms, sampler, learnt: { network, classVectors } };
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

/** SHA-256 of the images that decide the weights: those of validation, too, where they decide when to stop. */
const decidingSha256 = ({ training, validation, settings }: FitRequest): string =>
  settings.patience === 0 ? training.sha256 : sha256(`${training.sha256}/${validation.sha256}`);

/**
 * Trains a network on a training set, with checkpoints. When it comes to its end, the network has the weights of the
 * epoch that `exportedEpochOf` tells.
 * @throws MedoidError for bad options or checkpoints, and `training-diverged`
 */
export async function fitNetwork(request: FitRequest): Promise<Fitted> {
  const { settings, training, validation, runDirectory, resume, signal, onStart, onStep, onEpoch } = request;
  const { loss, terms, sampler, learnt } = await createParts(request);
  try {
    requireComparisons(training.set, { sampler, loss }, settings);
    const identity = { settings, dataSha256: decidingSha256(request) };
    const run: Run = { directory: runDirectory, learnt, terms, identity };
    const progress = await startRun(run, { resume });
    onStart?.(progress.step);
    const completed = await train({
      ...{ settings, learnt, loss, sampler, progress, signal },
      training: training.set,
      validation: validation.set,
      onStep: (now, result) => onStep?.(now, result),
      onEpoch: async metrics => {
        await saveRun(run, progress);
        onEpoch?.(metrics);
      },
    });
    await (completed ? takeBestWeights(run, progress) : saveRun(run, progress));
    return { network: learnt.network, progress, completed };
  } catch (error) {
    await learnt.network.close();
    throw error;
  }
}
