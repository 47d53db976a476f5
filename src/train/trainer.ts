import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { rowOf, stackVectors, type VectorBlock } from '../math/vectors.js';
import { workAhead } from '../work-ahead.js';
import { type EpochMetrics, emptySums, type Learnt, type TrainingProgress } from './checkpoint.js';
import { hasStalled } from './early-stopping.js';
import type { Batch } from './embedding-network.js';
import { findCollapse } from './find-collapse.js';
import type { Loss, LossResult } from './losses/loss.js';
import type { PlannedBatch, Sampler } from './samplers/sampler.js';
import { learningRateAt, type TrainingSettings } from './settings.js';
import { validate } from './validate.js';

export interface TrainingJob {
  readonly settings: TrainingSettings;
  readonly learnt: Learnt;
  readonly loss: Loss;
  readonly sampler: Sampler;
  readonly training: TrainingSet;
  /** Of classes that are not trained on; may be empty. */
  readonly validation: TrainingSet;
  /** Changed in place as training goes on. */
  readonly progress: TrainingProgress;
  readonly signal: AbortSignal;
  readonly onStep: (progress: TrainingProgress, result: LossResult) => void;
  /** Called with an epoch's metrics, already in `progress.history`: time to save. */
  readonly onEpoch: (metrics: EpochMetrics) => Promise<void>;
}

/** A planned batch with the network input of its images. */
interface LoadedBatch extends PlannedBatch {
  readonly input: Float32Array;
}

export const batchesPerEpoch = (images: number, batchSize: number): number => Math.ceil(images / batchSize);

/**
 * Trains until `settings.steps` steps are done, validation has stalled or the signal is aborted. Everything random is
 * named by the seed, the epoch and the step, so that stopping after any step and going on gives the same weights as
 * never stopping.
 * @returns whether it came to its end
 * @throws MedoidError `training-diverged` when the loss or a weight is not finite
 */
export async function train(job: TrainingJob): Promise<boolean> {
  const { settings, training, progress, signal, sampler } = job;
  const { batchSize, classShare } = settings;
  const perEpoch = batchesPerEpoch(training.labels.length, batchSize);
  while (progress.step < settings.steps && !hasStalled(progress.history, settings)) {
    const epoch = Math.floor(progress.step / perEpoch);
    const first = progress.step % perEpoch;
    const last = Math.min(perEpoch, first + settings.steps - progress.step);
    const seed = `${settings.seed}/batches/${epoch}`;
    const planned = sampler.planEpoch(training.labels, { batchSize, classShare, seed });
    const jobs = planned.slice(first, last).map((batch, i) => ({ batch, step: progress.step + i }));
    const load = ({ batch, step }: (typeof jobs)[number]) =>
      training.loadVaried(batch.images, `${settings.seed}/augmentation/${step}`);
    for await (const [{ batch }, input] of workAhead(jobs, load)) {
      await nextTurn(); // signals and the next batch's decoding get their turn
      if (signal.aborted) return false;
      await takeStep(job, { ...batch, input }, epoch);
    }
    const metrics = await finishEpoch(job, epoch);
    progress.history.push(metrics);
    progress.sums = emptySums();
    await job.onEpoch(metrics);
  }
  return true;
}

const diverged = (what: string): MedoidError =>
  new MedoidError(
    'training-diverged',
    `training has left the finite numbers: ${what}; try a lower --learning-rate`,
  );

const rowsOf = (block: VectorBlock, rows: readonly number[]): VectorBlock =>
  stackVectors(
    rows.map(row => rowOf(block, row)),
    block.dimension,
  );

/** The images of a batch that are trained on, out of those that were loaded. */
function chooseImages({ learnt, training }: TrainingJob, { input, ...batch }: LoadedBatch): Batch {
  const describe = (images: readonly number[]): Omit<Batch, 'input'> => ({
    labels: images.map(image => training.labels[image]),
    targets: training.targets && rowsOf(training.targets, images),
  });
  if (batch.choose === undefined) return { input, ...describe(batch.images) };
  const positions = batch.choose(learnt.network.embed(input));
  const size = input.length / batch.images.length;
  const chosen = new Float32Array(positions.length * size);
  for (const [to, from] of positions.entries()) {
    chosen.set(input.subarray(from * size, (from + 1) * size), to * size);
  }
  return { input: chosen, ...describe(positions.map(position => batch.images[position])) };
}

async function takeStep(job: TrainingJob, loaded: LoadedBatch, epoch: number): Promise<void> {
  const { settings, loss, progress } = job;
  const { network, classVectors } = job.learnt;
  const { headLearningRateFactor, weightDecay, clipNorm } = settings;
  const learningRate = learningRateAt(settings, progress.step);
  const rates = { learningRate, headLearningRateFactor, weightDecay, clipNorm };
  const started = performance.now();
  const batch = chooseImages(job, loaded);
  const classes = classVectors === undefined ? {} : { classVectors: classVectors.block };
  const result = await network.step(batch, loss, { epoch, rates, ...classes });
  if (result.classGradient !== undefined) classVectors?.step(result.classGradient, learningRate);
  if (!Number.isFinite(result.value))
    throw diverged(`the loss of step ${progress.step + 1} is ${result.value}`);
  const { sums } = progress;
  sums.steps++;
  sums.images += batch.labels.length;
  sums.seconds += (performance.now() - started) / 1000;
  sums.loss += result.value;
  for (const [name, value] of Object.entries(result.terms))
    sums.terms[name] = (sums.terms[name] ?? 0) + value;
  progress.step++;
  job.onStep(progress, result);
}

async function finishEpoch(job: TrainingJob, epoch: number): Promise<EpochMetrics> {
  const { settings, training, validation } = job;
  const { sums, step, history } = job.progress;
  const { network, classVectors } = job.learnt;
  if (!network.isFinite() || classVectors?.isFinite() === false)
    throw diverged(`some weights after step ${step} are not`);
  const { directions, ...validated } = await validate({ settings, network, training, validation });
  const room = { dimension: settings.dimension, directions };
  const means = Object.entries(sums.terms).map(([name, sum]) => [name, sum / sums.steps]);
  return {
    epoch: epoch + 1,
    steps: step,
    loss: sums.loss / sums.steps,
    terms: Object.fromEntries(means),
    learningRate: learningRateAt(settings, step - 1),
    ...validated,
    imagesPerSecond: sums.images / sums.seconds,
    seconds: sums.seconds,
    warnings: findCollapse(validated, history.at(-1), room),
  };
}
