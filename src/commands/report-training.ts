import { basename, join } from 'node:path';
import { evaluateEmbeddings } from '../evaluation/evaluate-embeddings.js';
import type { ReportedQuality } from '../report/run-report.js';
import { writeReport } from '../report/write-report.js';
import type { TrainingSettings } from '../train/settings.js';
import type { EmbeddedSet, TrainingOutcome } from '../train/train-model.js';
import { nameWithin, reportedEmbeddings } from './reported-embeddings.js';

/** Values of K of Recall@K: the paper's for CUB-200-2011 and Cars196. */
const ks = [1, 2, 4, 8];

interface Training {
  readonly input: { readonly data: string; readonly dataset: string; readonly out: string };
  readonly outcome: TrainingOutcome;
  readonly signal: AbortSignal;
}

const describeNamed = ({ name, options }: TrainingSettings['loss']): string => {
  // Of a hash, as much as tells it from others.
  const short = (value: unknown): string => String(value).replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, '$1…');
  const values = Object.entries(options).map(([option, value]) => `${option} ${short(value)}`);
  return values.length === 0 ? name : `${name} (${values.join(', ')})`;
};

/** A best epoch is better on the classes it was chosen on than on others; a reader has to know. */
const chosenBy = ({ patience, monitor }: TrainingSettings): string => {
  const metric = monitor === 'map-at-r' ? 'MAP@R' : 'Recall@1';
  return patience === 0
    ? ''
    : `, the best by ${metric} of the held-out classes, so their numbers here flatter it`;
};

function factsOf({ input, outcome }: Training): [string, string][] {
  const { settings, manifest, exported, steps, stoppedEarly, heldOut, floor } = outcome;
  const { preprocessing, learningRate, schedule } = settings;
  return [
    ['model', manifest?.name ?? basename(input.out)],
    ['data set', `${basename(input.data)} (${input.dataset})`],
    ['trained on', `${manifest?.training?.images} images of ${manifest?.training?.classes} classes`],
    [
      'held out',
      heldOut ? `${heldOut.labels.length} images of ${heldOut.classNames.length} classes` : 'none',
    ],
    ...(floor === undefined
      ? []
      : [
          [
            'features as they are',
            `Recall@1 ${floor.recallAt1.toFixed(4)}, MAP@R ${floor.mapAtR.toFixed(4)} of the held-out classes`,
          ] as [string, string],
        ]),
    ['network', describeNamed(settings.network)],
    ['loss', describeNamed(settings.loss)],
    ['sampler', `${describeNamed(settings.sampler)}, m ${settings.batchSize}, C/m ${settings.classShare}`],
    ['optimiser', `${describeNamed(settings.optimizer)}, learning rate ${learningRate}, ${schedule}`],
    ['pictures', `${preprocessing.crop} of ${preprocessing.resize} pixels, ${preprocessing.channels}`],
    ['dimension', String(settings.dimension)],
    ['steps', `${steps} of ${settings.steps}${stoppedEarly ? ', stopped early' : ''}`],
    ['weights of epoch', `${exported?.epoch ?? 0}${chosenBy(settings)}`],
    ['engine', settings.engine],
    ['seed', String(settings.seed)],
  ];
}

async function qualityOf(heldOut: EmbeddedSet, { outcome, signal }: Training): Promise<ReportedQuality[]> {
  const { block, labels } = heldOut;
  const isPaired = labels.length > heldOut.classNames.length;
  if (!isPaired || heldOut.classNames.length < 2) return [];
  const values = await evaluateEmbeddings(block, labels, { ks, seed: outcome.settings.seed, signal });
  return [{ name: 'held-out classes', values }];
}

/**
 * Writes `report.html` of a training run: what was asked for, the curves, and what the model makes of the held-out
 * classes.
 * @returns its path
 * @throws MedoidError as `writeReport`, or where an image is not there any more
 */
export async function reportTraining(training: Training): Promise<string> {
  const { input, outcome, signal } = training;
  const { history, heldOut, failed, runDirectory, settings } = outcome;
  const path = join(runDirectory, 'report.html');
  const collapsed = history.flatMap(({ epoch, warnings }) => warnings.map(text => `Epoch ${epoch}: ${text}`));
  const left = failed.map(example => `Left out ${nameWithin(input.data, example.path)}: ${example.message}`);
  await writeReport(
    path,
    {
      title: `Training of ${basename(input.out)} on ${basename(input.data)}`,
      facts: factsOf(training),
      warnings: [...collapsed, ...left],
      history,
      ...(heldOut && {
        quality: await qualityOf(heldOut, training),
        embeddings: reportedEmbeddings(heldOut, input.data),
      }),
    },
    { seed: settings.seed, signal },
  );
  return path;
}
