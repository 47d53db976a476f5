import { z } from 'zod';
import { MedoidError } from '../errors.js';
import { augmentationSchema } from '../images/augmentation.js';
import { preprocessingSchema } from '../images/preprocessing.js';

const namedSchema = z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()) });

/** Everything that decides the weights besides the images: same settings, same images, same engine, same weights. */
export const trainingSettingsSchema = z.strictObject({
  network: namedSchema,
  loss: namedSchema,
  sampler: namedSchema,
  optimizer: namedSchema.default({ name: 'rmsprop', options: {} }),
  /** How pictures become the input of the network, or of the frozen one before it. */
  preprocessing: preprocessingSchema,
  dimension: z.int().min(2).max(2048),
  /** Units of a hidden layer before the embedding; 0 = none, a linear head. */
  hiddenUnits: z.int().min(0).max(16384).default(0),
  /** Images a batch, m. */
  batchSize: z.int().min(2).max(4096),
  /** Distinct classes a batch as a share of m, the paper's C/m; of the sampler c-over-m. */
  classShare: z.number().gt(0).max(1),
  augmentation: augmentationSchema,
  /** What `withTeacher` adds to the loss, and which network the teacher is. */
  teacher: z
    .strictObject({ features: z.string(), weight: z.number().gt(0) })
    .nullable()
    .default(null),
  learningRate: z.number().gt(0),
  /** Learning rate of the head as a multiple. */
  headLearningRateFactor: z.number().gt(0).default(1),
  /** Of kernels: L2 regularisation, or decoupled with adamw. */
  weightDecay: z.number().min(0).default(0),
  /** Longest gradient of all weights together, L2; 0 = no limit. */
  clipNorm: z.number().min(0).default(0),
  schedule: z.enum(['constant', 'cosine', 'step']),
  /** Steps between two falls of the schedule `step`. */
  decaySteps: z.int().min(1).default(1000),
  /** What the schedule `step` multiplies the learning rate by each time. */
  decayFactor: z.number().gt(0).max(1).default(0.1),
  /** Steps over which the learning rate rises from 0. */
  warmupSteps: z.int().min(0),
  /** Steps in all. */
  steps: z.int().min(0),
  /** Epochs without a better validation after which training ends, with the best epoch's weights; 0 = never. */
  patience: z.int().min(0).default(0),
  /** What validation is better by. */
  monitor: z.enum(['recall-at-1', 'map-at-r']).default('map-at-r'),
  seed: z.int().min(0),
  engine: z.string(),
});

export type TrainingSettings = z.output<typeof trainingSettingsSchema>;

/** What is chosen before the images are read, apart from the network and the engine. */
export const chosenSettingsSchema = trainingSettingsSchema.omit({ network: true, steps: true, engine: true });
export type ChosenSettings = z.output<typeof chosenSettingsSchema>;
/** The same with defaults left out. */
export type GivenSettings = z.input<typeof chosenSettingsSchema>;

/** Learning rate of a step counted from 0: linear warm-up, then as it is, down half a cosine to 0, or down in steps. */
export function learningRateAt(
  { learningRate, schedule, warmupSteps, steps, decaySteps, decayFactor }: TrainingSettings,
  step: number,
): number {
  const warmth = Math.min(1, (step + 1) / (warmupSteps + 1));
  const decay = {
    constant: () => 1,
    cosine: () => 0.5 * (1 + Math.cos((Math.PI * step) / steps)),
    step: () => decayFactor ** Math.floor(step / decaySteps),
  };
  return learningRate * warmth * decay[schedule]();
}

interface Named {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The options of one entry of a registry, checked, with its defaults filled in.
 * @param kind what the registry is of, for the message
 * @throws MedoidError `invalid-option` naming what is known
 */
export function parseOptionsOf(
  registry: readonly { readonly name: string; readonly options: z.ZodType }[],
  { name, options }: Named,
  kind: 'network' | 'loss' | 'sampler' | 'optimizer',
): Named {
  const definition = registry.find(entry => entry.name === name);
  if (definition === undefined) {
    const known = registry.map(entry => entry.name).join(', ');
    throw new MedoidError('invalid-option', `--${kind}: expected one of ${known}, got ${name}`, {
      field: kind,
    });
  }
  const parsed = definition.options.safeParse(options);
  if (parsed.success) return { name, options: parsed.data as Record<string, unknown> };
  throw new MedoidError('invalid-option', `--${kind}-options of ${name}: ${z.prettifyError(parsed.error)}`, {
    field: `${kind}Options`,
    cause: parsed.error,
  });
}

/** Side of the pictures that training windows are cut from: larger than when embedding, so that small ones are sharp. */
export const trainingSideOf = ({
  preprocessing,
  augmentation,
}: Pick<TrainingSettings, 'preprocessing' | 'augmentation'>): number =>
  Math.round(preprocessing.resize * (augmentation.cropScale === 0 ? 1 : 1.5));
