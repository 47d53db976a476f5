import { z } from 'zod';
import { errorCatalogue, MedoidError } from '../errors.js';
import { CachedBackbone } from '../features/cached-backbone.js';
import { resolveModel } from '../hub/kept-models.js';
import { preprocessingSchema, resizedTo } from '../images/preprocessing.js';
import type { EpochMetrics } from '../train/checkpoint.js';
import { trainingSettingsSchema } from '../train/settings.js';
import { type TrainingOutcome, type TrainingRequest, trainModel } from '../train/train-model.js';
import {
  type CommandContext,
  type CommandResult,
  defineCommand,
  numeric,
  numericWithDefault,
} from './command.js';
import { datasetOptions, openDataset, splitOption } from './dataset-options.js';
import { lockFolder } from './lock-folder.js';
import { type OpenedNetwork, openNetwork } from './open-network.js';
import { createProgress, type Progress } from './progress.js';
import { reportTraining } from './report-training.js';
import { trainingOf, trainingOptions } from './training-options.js';
import { tryReport } from './try-report.js';

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

const { shape } = trainingSettingsSchema;

/** Bars on a terminal, one for reading and one an epoch; a line of metrics after each epoch in any case. */
function createObserver({ report }: CommandContext): {
  observer: NonNullable<TrainingRequest['observer']>;
  close: () => void;
} {
  let bar: Progress | undefined;
  let phase: string | undefined;
  const close = (): void => {
    bar?.close();
    bar = undefined;
  };
  const show = (now: 'read' | 'teacher', done: number, total: number): void => {
    if (now !== phase) close();
    phase = now;
    bar ??= createProgress(now, total, 'images');
    bar.update(done);
  };
  return {
    close,
    observer: {
      onRead: (done, total) => show('read', done, total),
      onTaught: (done, total) => show('teacher', done, total),
      onStart: ({ images, classes, held, steps, step, failed }) => {
        close();
        for (const { path, message } of failed) report(`left out ${path}: ${message}`);
        const from = step === 0 ? '' : `, going on after step ${step}`;
        report(`${images} images of ${classes} classes, ${held} classes held out, ${steps} steps${from}`);
      },
      onFloor: ({ recallAt1, mapAtR }) =>
        report(
          `the backbone's own features: Recall@1 ${recallAt1.toFixed(4)}, MAP@R ${mapAtR.toFixed(4)} of the held-out classes`,
        ),
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

function answer(out: string, outcome: TrainingOutcome, report: string | null): CommandResult {
  const { completed, manifest, steps, history, exported, stoppedEarly, failed, runDirectory, floor } =
    outcome;
  const json = {
    completed,
    model: completed ? out : null,
    weightsSha256: manifest?.weights.sha256 ?? null,
    steps,
    metrics: (completed ? exported : history.at(-1)) ?? null,
    stoppedEarly,
    floor: floor ?? null,
    warnings: history.flatMap(({ epoch, warnings }) => warnings.map(message => ({ epoch, message }))),
    failed,
    runDirectory,
    report,
  };
  const leftOut = failed.length === 0 ? '' : `, ${failed.length} images left out`;
  const early = stoppedEarly ? ', stopped early' : '';
  const earlier = exported === history.at(-1) ? '' : `, best epoch ${exported?.epoch}`;
  const reported = report === null ? '' : `\nreport: ${report}`;
  const text = completed
    ? `wrote ${out} after ${steps} steps${early}${earlier}, weights ${manifest?.weights.sha256}${leftOut}${reported}`
    : `stopped after step ${steps}; the same command with --resume goes on`;
  const exitCode = completed ? Math.min(1, failed.length) : errorCatalogue.interrupted.exit;
  return { json, text, exitCode };
}

/** @throws MedoidError where `--teacher` is no model that says itself what it wants of pixels */
async function openTeacher(
  { teacher, models, featureCache }: { teacher?: string | undefined; models: string; featureCache: string },
  { report }: CommandContext,
): Promise<CachedBackbone | undefined> {
  if (teacher === undefined) return undefined;
  return CachedBackbone.open(resolveModel(teacher, models), {
    ...{
      preprocessing: undefined,
      output: undefined,
      pooling: undefined,
      cacheFolder: featureCache,
      views: 1,
    },
    onNotice: report,
  });
}

/** Before the training, not after its last step. */
function requireServable(size: number, { preprocessing }: OpenedNetwork): void {
  const { resize } = resizedTo(preprocessing, size);
  const { maxValue } = preprocessingSchema.shape.resize;
  if (maxValue === null || resize <= maxValue) return;
  throw new MedoidError(
    'invalid-option',
    `--serving-size ${size}: expected pictures to be resized to at most ${maxValue} pixels, got ${resize}, as ` +
      '--resize is in proportion to --image-size',
    { field: 'servingSize' },
  );
}

export const train = defineCommand({
  name: 'train',
  summary: 'Learn an embedding from labelled images and write it as a model directory.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    ...datasetOptions,
    split: splitOption('train where there is one, else all'),
    out: z.string().min(1).describe('model directory to write; checkpoints go to <out>.training beside it'),
    ...trainingOptions,
    teacher: z
      .string()
      .min(1)
      .optional()
      .describe('model directory or pulled model: a frozen network whose view of the images is imitated'),
    teacherWeight: numeric(z.number().gt(0))
      .optional()
      .describe('weight of that beside the loss (default: 1)'),
    servingSize: numeric(preprocessingSchema.shape.crop)
      .optional()
      .describe('side of the pictures that the model will ask for (default: --image-size)'),
    validationShare: numeric(z.number().min(0).max(0.9))
      .default(0.1)
      .describe('share of the classes held out for Recall@1'),
    patience: numericWithDefault(shape.patience).describe(
      'epochs without a better validation before training ends, with the best epoch; 0 = never',
    ),
    monitor: shape.monitor.describe('what validation is better by'),
    skipReport: z.boolean().default(false).describe('write no <out>.training/report.html'),
    resume: z.boolean().default(false).describe('continue from the checkpoint of a run that was stopped'),
    overwrite: z.boolean().default(false).describe('replace a model that is there'),
  }),
  async run(input, context): Promise<CommandResult> {
    const { out, resume, overwrite, dataset: datasetName, validationShare } = input;
    const { patience, monitor, servingSize } = input;
    if (servingSize !== undefined && input.backbone !== undefined) {
      throw new MedoidError(
        'invalid-option',
        'expected no --serving-size with --backbone, which says it itself',
        {
          field: 'servingSize',
        },
      );
    }
    if (input.teacherWeight !== undefined && input.teacher === undefined) {
      throw new MedoidError('invalid-option', '--teacher-weight: expected --teacher, too', {
        field: 'teacherWeight',
      });
    }
    if (resume && overwrite) {
      throw new MedoidError('invalid-option', 'expected --resume or --overwrite, got both', {
        field: 'resume',
      });
    }
    const opened = await openNetwork(input, context);
    const { observer, close } = createObserver(context);
    let teacher: CachedBackbone | undefined;
    try {
      if (servingSize !== undefined) requireServable(servingSize, opened);
      teacher = await openTeacher(input, context);
      const { dataset } = await openDataset(input, ['train']);
      const training = trainingOf(input, opened);
      const outcome = await trainModel({
        ...{ dataset, datasetName, validationShare, out, observer },
        ...training,
        settings: {
          ...training.settings,
          ...{ patience, monitor },
          teacher:
            teacher === undefined
              ? null
              : { features: teacher.extractor.id, weight: input.teacherWeight ?? 1 },
        },
        teacher,
        servingSize,
        embedsHeldOut: !input.skipReport,
        lock: lockFolder,
        existing: resume ? 'resume' : overwrite ? 'overwrite' : 'refuse',
        signal: context.signal,
      });
      const { signal, report: tell } = context;
      const write = () => reportTraining({ input, outcome, signal });
      const report =
        outcome.completed && !input.skipReport
          ? await tryReport(write, { rest: 'the model is written', tell })
          : null;
      return answer(out, outcome, report);
    } finally {
      close();
      await opened.close();
      await teacher?.close();
    }
  },
});
