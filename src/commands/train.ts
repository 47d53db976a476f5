import { z } from 'zod';
import { errorCatalogue, MedoidError } from '../errors.js';
import type { EpochMetrics } from '../train/checkpoint.js';
import { type TrainingOutcome, type TrainingRequest, trainModel } from '../train/train-model.js';
import { type CommandContext, type CommandResult, defineCommand, numeric } from './command.js';
import { datasetOptions, openDataset, splitOption } from './dataset-options.js';
import { createProgress, type Progress } from './progress.js';
import { openNetwork, trainingOf, trainingOptions } from './training-options.js';

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(4));

function describeEpoch({ epoch, loss, terms, recallAt1, imagesPerSecond }: EpochMetrics): string {
  const values = Object.entries({ loss, ...terms }).map(([name, value]) => `${name} ${number(value)}`);
  const recall = recallAt1 === null ? 'no classes held out' : `Recall@1 ${recallAt1.toFixed(4)}`;
  return `epoch ${epoch}: ${values.join(', ')}, ${recall}, ${imagesPerSecond.toFixed(0)} images/s`;
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
      },
    },
  };
}

function answer(out: string, outcome: TrainingOutcome): CommandResult {
  const { completed, manifest, steps, history, failed, runDirectory } = outcome;
  const json = {
    completed,
    model: completed ? out : null,
    weightsSha256: manifest?.weights.sha256 ?? null,
    steps,
    metrics: history.at(-1) ?? null,
    failed,
    runDirectory,
  };
  const leftOut = failed.length === 0 ? '' : `, ${failed.length} images left out`;
  const text = completed
    ? `wrote ${out} after ${steps} steps, weights ${manifest?.weights.sha256}${leftOut}`
    : `stopped after step ${steps}; the same command with --resume goes on`;
  const exitCode = completed ? Math.min(1, failed.length) : errorCatalogue.interrupted.exit;
  return { json, text, exitCode };
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
    validationShare: numeric(z.number().min(0).max(0.9))
      .default(0.1)
      .describe('share of the classes held out for Recall@1'),
    resume: z.boolean().default(false).describe('continue from the checkpoint of a run that was stopped'),
    overwrite: z.boolean().default(false).describe('replace a model that is there'),
  }),
  async run(input, context): Promise<CommandResult> {
    const { out, resume, overwrite, dataset: datasetName, validationShare } = input;
    if (resume && overwrite) {
      throw new MedoidError('invalid-option', 'expected --resume or --overwrite, got both', {
        field: 'resume',
      });
    }
    const opened = await openNetwork(input, context);
    const { observer, close } = createObserver(context);
    try {
      const { dataset } = await openDataset(input, ['train']);
      const outcome = await trainModel({
        ...{ dataset, datasetName, validationShare, out, observer },
        ...trainingOf(input, opened),
        existing: resume ? 'resume' : overwrite ? 'overwrite' : 'refuse',
        signal: context.signal,
      });
      return answer(out, outcome);
    } finally {
      close();
      await opened.close();
    }
  },
});
