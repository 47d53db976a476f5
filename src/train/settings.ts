import { z } from 'zod';
import { MedoidError } from '../errors.js';
import { augmentationSchema } from '../images/augmentation.js';
import { defaultPreprocessing, type Preprocessing } from '../images/preprocessing.js';

const namedSchema = z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()) });

/** Everything that decides the weights besides the images: same settings, same images, same engine, same weights. */
export const trainingSettingsSchema = z.strictObject({
  network: namedSchema,
  loss: namedSchema,
  /** Checkpoints from before there was a choice name none. */
  sampler: namedSchema.default({ name: 'c-over-m', options: {} }),
  /** Side of the network's input in pixels. */
  imageSize: z.int().min(16).max(512),
  dimension: z.int().min(2).max(2048),
  /** Images a batch, m. */
  batchSize: z.int().min(2).max(4096),
  /** Distinct classes a batch as a share of m, the paper's C/m; of the sampler c-over-m. */
  classShare: z.number().gt(0).max(1),
  augmentation: augmentationSchema,
  learningRate: z.number().gt(0),
  schedule: z.enum(['constant', 'cosine']),
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

export type TrainingSettings = z.infer<typeof trainingSettingsSchema>;

export const preprocessingOf = ({ imageSize }: Pick<TrainingSettings, 'imageSize'>): Preprocessing =>
  defaultPreprocessing(imageSize);

/** Learning rate of a step counted from 0: linear warm-up, then as it is or down half a cosine to 0. */
export function learningRateAt(
  { learningRate, schedule, warmupSteps, steps }: TrainingSettings,
  step: number,
): number {
  const warmth = Math.min(1, (step + 1) / (warmupSteps + 1));
  const decay = schedule === 'constant' ? 1 : 0.5 * (1 + Math.cos((Math.PI * step) / steps));
  return learningRate * warmth * decay;
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
  kind: 'network' | 'loss' | 'sampler',
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
  imageSize,
  augmentation,
}: Pick<TrainingSettings, 'imageSize' | 'augmentation'>) =>
  Math.round(preprocessingOf({ imageSize }).resize * (augmentation.cropScale === 0 ? 1 : 1.5));
