import { z } from 'zod';
import { errorCatalogue, MedoidError } from '../errors.js';
import type { EpochMetrics } from '../train/checkpoint.js';
import { engineNames } from '../train/engine.js';
import { losses } from '../train/losses/index.js';
import { networks } from '../train/networks/index.js';
import { samplers } from '../train/samplers/index.js';
import { trainingSettingsSchema } from '../train/settings.js';
import { type TrainingOutcome, type TrainingRequest, trainModel } from '../train/train-model.js';
import {
  type CommandContext,
  type CommandResult,
  defineCommand,
  nameValuePairs,
  numeric,
  seedOption,
} from './command.js';
import { datasetOptions, openDataset, splitOption } from './dataset-options.js';
import { createProgress, type Progress } from './progress.js';

const defaultEpochs = 30;
const { shape } = trainingSettingsSchema;
const augmentation = shape.augmentation.shape;

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(4));

function describeEpoch(metrics: EpochMetrics): string {
  const { epoch, loss, terms, recallAt1, mapAtR, imagesPerSecond } = metrics;
  const values = Object.entries({ loss, ...terms }).map(([name, value]) => `${name} ${number(value)}`);
  const retrieval = { 'Recall@1': recallAt1, 'MAP@R': mapAtR };
  const held = Object.entries(retrieval).flatMap(([name, value]) =>
    value === null ? [] : `${name} ${value.toFixed(4)}`,
  );
  if (recallAt1 === null) held.push('no classes held out');
  return `epoch ${epoch}: ${[...values, ...held].join(', ')}, ${imagesPerSecond.toFixed(0)} images/s`;
}

/** Bars on a terminal, one for reading and one an epoch; a line of metrics after each epoch in any case. */
function createObserver({ report }: CommandContext): {
  observer: NonNullable<TrainingRequest['observer']>;
  close: () => void;
} {
  let bar: Progress | undefined;
  const close = (): void => {
    bar?.close();
    bar = undefined;
  };
  return {
    close,
    observer: {
      onRead: (done, total) => {
        bar ??= createProgress('read', total, 'images');
        bar.update(done);
      },
      onStart: ({ images, classes, held, steps, step, failed }) => {
        close();
        for (const { path, message } of failed) report(`left out ${path}: ${message}`);
        const from = step === 0 ? '' : `, going on after step ${step}`;
        report(`${images} images of ${classes} classes, ${held} classes held out, ${steps} steps${from}`);
      },
      onStep: ({ step, sums }, { value }, batches) => {
        bar ??= createProgress(`epoch ${Math.ceil(step / batches)}`, batches, 'steps');
        bar.update(sums.steps, `loss ${number(value)}`);
      },
      onEpoch: metrics => {
        close();
        report(describeEpoch(metrics));
        for (const warning of metrics.warnings) report(`warning: ${warning}`);
      },
    },
  };
}

function answer(out: string, outcome: TrainingOutcome): CommandResult {
  const { completed, manifest, steps, history, exported, stoppedEarly, failed, runDirectory } = outcome;
  const json = {
    completed,
    model: completed ? out : null,
    weightsSha256: manifest?.weights.sha256 ?? null,
    steps,
    metrics: (completed ? exported : history.at(-1)) ?? null,
    stoppedEarly,
    warnings: history.flatMap(({ epoch, warnings }) => warnings.map(message => ({ epoch, message }))),
    failed,
    runDirectory,
  };
  const leftOut = failed.length === 0 ? '' : `, ${failed.length} images left out`;
  const early = stoppedEarly ? ', stopped early' : '';
  const earlier = exported === history.at(-1) ? '' : `, best epoch ${exported?.epoch}`;
  const text = completed
    ? `wrote ${out} after ${steps} steps${early}${earlier}, weights ${manifest?.weights.sha256}${leftOut}`
    : `stopped after step ${steps}; the same command with --resume goes on`;
  const exitCode = completed ? Math.min(1, failed.length) : errorCatalogue.interrupted.exit;
  return { json, text, exitCode };
}

const namesOf = (registry: readonly { readonly name: string }[]): [string, ...string[]] =>
  registry.map(({ name }) => name) as [string, ...string[]];

export const train = defineCommand({
  name: 'train',
  summary: 'Learn an embedding from labelled images and write it as a model directory.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    ...datasetOptions,
    split: splitOption('train where there is one, else all'),
    out: z.string().min(1).describe('model directory to write; checkpoints go to <out>.training beside it'),
    loss: z.enum(namesOf(losses)).default('facility-location').describe('what is minimised'),
    lossOptions: nameValuePairs.default({}).describe('options of the loss, such as gamma=1,pamSweeps=5'),
    sampler: z.enum(namesOf(samplers)).default('c-over-m').describe('which images meet in a batch'),
    samplerOptions: nameValuePairs.default({}).describe('options of the sampler, such as imagesPerClass=4'),
    network: z.enum(namesOf(networks)).default('resnet').describe('what is trained'),
    networkOptions: nameValuePairs.default({}).describe('options of the network, such as width=32'),
    imageSize: numeric(shape.imageSize).default(64).describe("side of the network's input in pixels"),
    dimension: numeric(shape.dimension).default(64).describe('length of an embedding'),
    batchSize: numeric(shape.batchSize).default(64).describe('images a batch, m'),
    classShare: numeric(shape.classShare)
      .default(0.25)
      .describe('distinct classes a batch as a share of m, C/m, of the sampler c-over-m'),
    cropScale: numeric(augmentation.cropScale)
      .default(0)
      .describe(
        'smallest side of a random crop as a share of the picture; 0 = crops of one size, as in the paper',
      ),
    scaledShare: numeric(augmentation.scaledShare.unwrap())
      .default(1)
      .describe('share of the images that --crop-scale is for; the others are cropped as in the paper'),
    colourJitter: numeric(augmentation.colourJitter)
      .default(0)
      .describe('how far brightness, contrast and saturation are varied'),
    learningRate: numeric(shape.learningRate).default(0.01).describe('step size of RMSProp'),
    schedule: shape.schedule.default('cosine').describe('how the learning rate goes on after the warm-up'),
    warmupSteps: numeric(shape.warmupSteps).default(50).describe('steps over which the learning rate rises'),
    epochs: numeric(z.number().int().min(0))
      .optional()
      .describe(`rounds through the images (default: ${defaultEpochs})`),
    steps: numeric(shape.steps).optional().describe('batches in all; instead of --epochs'),
    validationShare: numeric(z.number().min(0).max(0.9))
      .default(0.1)
      .describe('share of the classes held out for Recall@1'),
    patience: numeric(shape.patience.unwrap())
      .default(0)
      .describe('epochs without a better validation before training ends, with the best epoch; 0 = never'),
    monitor: shape.monitor.describe('what validation is better by'),
    engine: z.enum(engineNames).default('auto').describe('what computes; auto takes the fastest installed'),
    seed: seedOption,
    resume: z.boolean().default(false).describe('continue from the checkpoint of a run that was stopped'),
    overwrite: z.boolean().default(false).describe('replace a model that is there'),
  }),
  async run(input, context): Promise<CommandResult> {
    const { out, resume, overwrite, steps, epochs, engine, dataset: datasetName, validationShare } = input;
    const { imageSize, dimension, batchSize, classShare, learningRate, schedule, warmupSteps, seed } = input;
    const { patience, monitor } = input;
    if (steps !== undefined && epochs !== undefined) {
      throw new MedoidError('invalid-option', 'expected --steps or --epochs, got both', { field: 'steps' });
    }
    if (resume && overwrite) {
      throw new MedoidError('invalid-option', 'expected --resume or --overwrite, got both', {
        field: 'resume',
      });
    }
    const { dataset } = await openDataset(input, ['train']);
    const { observer, close } = createObserver(context);
    const outcome = await trainModel({
      dataset,
      datasetName,
      validationShare,
      settings: {
        network: { name: input.network, options: input.networkOptions },
        loss: { name: input.loss, options: input.lossOptions },
        sampler: { name: input.sampler, options: input.samplerOptions },
        augmentation: {
          cropScale: input.cropScale,
          scaledShare: input.scaledShare,
          colourJitter: input.colourJitter,
        },
        ...{ imageSize, dimension, batchSize, classShare, learningRate, schedule, warmupSteps, seed },
        ...{ patience, monitor },
      },
      length: steps === undefined ? { epochs: epochs ?? defaultEpochs } : { steps },
      engine,
      out,
      existing: resume ? 'resume' : overwrite ? 'overwrite' : 'refuse',
      signal: context.signal,
      observer,
    }).finally(close);
    return answer(out, outcome);
  },
});
