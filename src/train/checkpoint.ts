import { z } from 'zod';
import { MedoidError, messageOf } from '../errors.js';
import type { ClassVectors } from './class-vectors.js';
import { completeOptions } from './complete-options.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import { loadTensors, type NamedTensor, saveTensors } from './safetensors.js';
import { type TrainingSettings, trainingSettingsSchema } from './settings.js';

/**
 * One line of the training log. Energies are means over the epoch's batches; `recallAt1` and `mapAtR` are of unseen
 * classes. What came later than a checkpoint is null in the epochs before.
 */
export const epochMetricsSchema = z.strictObject({
  epoch: z.int(),
  steps: z.int(),
  loss: z.number(),
  terms: z.record(z.string(), z.number()),
  learningRate: z.number(),
  recallAt1: z.number().nullable(),
  mapAtR: z.number().nullable().default(null),
  /** Of the embeddings after the epoch: see `EmbeddingSpread`. */
  meanDistance: z.number().nullable().default(null),
  effectiveRank: z.number().nullable().default(null),
  imagesPerSecond: z.number(),
  /** Spent in the steps of the epoch. */
  seconds: z.number().default(0),
  /** What began with this epoch and the user should know. */
  warnings: z.array(z.string()).default([]),
});
export type EpochMetrics = z.infer<typeof epochMetricsSchema>;

/** Where training stands, apart from the tensors. */
export const progressSchema = z.strictObject({
  /** Steps done in all. */
  step: z.int().nonnegative(),
  /** Sums over the steps of the epoch under way. */
  sums: z.strictObject({
    steps: z.int(),
    images: z.int(),
    seconds: z.number(),
    loss: z.number(),
    terms: z.record(z.string(), z.number()),
  }),
  history: z.array(epochMetricsSchema),
});
export type TrainingProgress = z.infer<typeof progressSchema>;

export const emptySums = (): TrainingProgress['sums'] => ({
  steps: 0,
  images: 0,
  seconds: 0,
  loss: 0,
  terms: {},
});

/** What a checkpoint must have been made with to be continued. */
export interface TrainingIdentity {
  readonly settings: TrainingSettings;
  readonly dataSha256: string;
}

/** What training changes: the network and, with some losses, a vector for each class. */
export interface Learnt {
  readonly network: EmbeddingNetwork;
  readonly classVectors: ClassVectors | undefined;
}

const modelPrefix = 'model/';
const optimizerPrefix = 'optimizer/';
const classPrefix = 'classes/';

/** Those of a prefix, without it. */
const tensorsIn = (tensors: readonly NamedTensor[], prefix: string): NamedTensor[] =>
  tensors
    .filter(({ name }) => name.startsWith(prefix))
    .map(tensor => ({ ...tensor, name: tensor.name.slice(prefix.length) }));

const metadataSchema = z.strictObject({
  format: z.literal('medoid-checkpoint-2'),
  settings: z.string(),
  dataSha256: z.string(),
  progress: z.string(),
});

export async function saveCheckpoint(
  path: string,
  { network, classVectors }: Learnt,
  { settings, dataSha256, progress }: TrainingIdentity & { progress: TrainingProgress },
): Promise<void> {
  const optimizer = network.optimizerState();
  await saveTensors(path, {
    tensors: [
      ...network.weights().map(tensor => ({ ...tensor, name: modelPrefix + tensor.name })),
      ...optimizer.map(tensor => ({ ...tensor, name: optimizerPrefix + tensor.name })),
      ...(classVectors?.state() ?? []).map(tensor => ({ ...tensor, name: classPrefix + tensor.name })),
    ],
    metadata: {
      format: 'medoid-checkpoint-2',
      settings: JSON.stringify(settings),
      dataSha256,
      progress: JSON.stringify(progress),
    },
  });
}

/** What a checkpoint says of the run that it is of, its tensors, and those of the network. @throws Error where it does not say it */
export async function readCheckpoint(path: string) {
  const { tensors, metadata } = await loadTensors(path);
  const { settings, dataSha256, progress } = metadataSchema.parse(metadata);
  return {
    ...{ tensors, dataSha256 },
    settings: completeOptions(trainingSettingsSchema.parse(JSON.parse(settings))),
    progress: progressSchema.parse(JSON.parse(progress)),
    weights: tensorsIn(tensors, modelPrefix),
  };
}

/**
 * Restores what was learnt, built with the same settings, from a checkpoint.
 * @throws MedoidError `invalid-checkpoint` when the file is damaged or was made with other settings or images
 */
export async function restoreCheckpoint(
  path: string,
  { network, classVectors }: Learnt,
  identity: TrainingIdentity,
): Promise<TrainingProgress> {
  try {
    const { settings, dataSha256, progress, tensors, weights } = await readCheckpoint(path);
    requireSame(settings, identity.settings);
    if (dataSha256 !== identity.dataSha256) {
      throw new Error(`the images changed: expected ${dataSha256}, got ${identity.dataSha256}`);
    }
    network.setWeights(weights);
    classVectors?.setState(tensorsIn(tensors, classPrefix));
    network.setOptimizerState(tensorsIn(tensors, optimizerPrefix));
    return progress;
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('invalid-checkpoint', `${path} cannot be continued: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function requireSame(saved: TrainingSettings, wanted: TrainingSettings): void {
  for (const key of Object.keys(wanted) as (keyof TrainingSettings)[]) {
    const before = JSON.stringify(saved[key]);
    const now = JSON.stringify(wanted[key]);
    if (before !== now) throw new Error(`it was made with ${key} ${before}, this run asks for ${now}`);
  }
}
