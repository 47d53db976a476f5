import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { poolingSchema } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { engineNames } from '../train/engine.js';
import { losses } from '../train/losses/index.js';
import { networks } from '../train/networks/index.js';
import { optimizers } from '../train/optimizers/index.js';
import { samplers } from '../train/samplers/index.js';
import { trainingSettingsSchema } from '../train/settings.js';
import type { TrainingChoice } from '../train/train-model.js';
import { nameValuePairs, numeric, numericWithDefault, seedOption } from './command.js';
import { modelsOption } from './models-option.js';
import type { OpenedNetwork } from './open-network.js';
import { pixelOptions } from './pixel-options.js';

const defaultEpochs = 30;
export const defaultNetwork = 'resnet';
const { shape } = trainingSettingsSchema;
const augmentation = shape.augmentation.shape;

const namesOf = (registry: readonly { readonly name: string }[]): [string, ...string[]] =>
  registry.map(({ name }) => name) as [string, ...string[]];

/** How a command is told what to learn and how, but not from which images. `train` and the recipes of `compare` have them. */
export const trainingOptions = {
  loss: z.enum(namesOf(losses)).default('facility-location').describe('what is minimised'),
  lossOptions: nameValuePairs.default({}).describe('options of the loss, such as gamma=1,pamSweeps=5'),
  sampler: z.enum(namesOf(samplers)).default('c-over-m').describe('which images meet in a batch'),
  samplerOptions: nameValuePairs.default({}).describe('options of the sampler, such as imagesPerClass=4'),
  network: z
    .enum(namesOf(networks))
    .optional()
    .describe(`what is trained, from random weights (default: ${defaultNetwork}, unless --init is given)`),
  networkOptions: nameValuePairs.default({}).describe('options of the network, such as width=32'),
  init: z
    .string()
    .min(1)
    .optional()
    .describe(
      'what to start from: <out>.training of an earlier run, or model.json of a pretrained TensorFlow.js layers model',
    ),
  initLayer: z.string().min(1).optional().describe('layer of it that the head reads (default: the last one)'),
  backbone: z
    .string()
    .regex(/^(?!onnx:$)./, 'expected a model, a folder with one .onnx file, or such a file')
    .optional()
    .describe('folder or pulled model: a frozen network, on whose features only a head is trained'),
  models: modelsOption,
  backboneOutput: z
    .string()
    .min(1)
    .optional()
    .describe('its output that holds the features (default: the only one that may)'),
  backbonePooling: poolingSchema
    .optional()
    .describe('how an output of tokens [n, t, d] becomes features: cls = the first of them, mean = of all'),
  featureCache: z
    .string()
    .min(1)
    .default(join(homedir(), '.cache', 'medoid', 'features'))
    .describe('folder where its features are kept'),
  featureViews: z
    .enum(['1', '2'])
    .default('1')
    .describe('2: also of the mirrored picture, and training draws one of the two'),
  hiddenUnits: numericWithDefault(shape.hiddenUnits).describe(
    'units of a hidden layer before the embedding; 0 = none, a linear head',
  ),
  ...pixelOptions,
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
  scaledShare: numericWithDefault(augmentation.scaledShare).describe(
    'share of the images that --crop-scale is for; the others are cropped as in the paper',
  ),
  colourJitter: numeric(augmentation.colourJitter)
    .default(0)
    .describe('how far brightness, contrast and saturation are varied'),
  degradedShare: numericWithDefault(augmentation.degradedShare).describe(
    'share of the images that are blurred, re-encoded as JPEG or enlarged from a small copy before they are cropped',
  ),
  optimizer: z.enum(namesOf(optimizers)).default('rmsprop').describe('how gradients move the weights'),
  optimizerOptions: nameValuePairs.default({}).describe('options of the optimiser, such as decay=0.9'),
  learningRate: numeric(shape.learningRate).default(0.01).describe('step size of the optimiser'),
  headLearningRateFactor: numericWithDefault(shape.headLearningRateFactor).describe(
    'learning rate of the head as a multiple; above 1 with --init, where only the head is new',
  ),
  weightDecay: numericWithDefault(shape.weightDecay).describe(
    'how much kernels shrink: L2 regularisation, decoupled with adamw',
  ),
  clipNorm: numericWithDefault(shape.clipNorm).describe('longest gradient of all weights; 0 = no limit'),
  schedule: shape.schedule.default('cosine').describe('how the learning rate goes on after the warm-up'),
  decaySteps: numericWithDefault(shape.decaySteps).describe('steps between two falls of the schedule step'),
  decayFactor: numericWithDefault(shape.decayFactor).describe('what it multiplies the learning rate by'),
  warmupSteps: numeric(shape.warmupSteps).default(50).describe('steps over which the learning rate rises'),
  epochs: numeric(z.number().int().min(0))
    .optional()
    .describe(`rounds through the images (default: ${defaultEpochs})`),
  steps: numeric(shape.steps).optional().describe('batches in all; instead of --epochs'),
  engine: z.enum(engineNames).default('auto').describe('what computes; auto takes the fastest installed'),
  seed: seedOption,
};

const optionsSchema = z.object(trainingOptions);
export type TrainingInput = z.output<typeof optionsSchema>;

/**
 * What the options ask to be trained.
 * @throws MedoidError `invalid-option`
 */
export function trainingOf(
  input: TrainingInput,
  { network, backbone, preprocessing }: OpenedNetwork,
): TrainingChoice {
  const { dimension, hiddenUnits, batchSize, classShare, seed } = input;
  const { cropScale, scaledShare, colourJitter, degradedShare } = input;
  const { learningRate, headLearningRateFactor, weightDecay, clipNorm, warmupSteps } = input;
  const { schedule, decaySteps, decayFactor, steps, epochs, engine } = input;
  if (steps !== undefined && epochs !== undefined) {
    throw new MedoidError('invalid-option', 'expected --steps or --epochs, got both', { field: 'steps' });
  }
  return {
    ...{ network, backbone, engine },
    settings: {
      loss: { name: input.loss, options: input.lossOptions },
      sampler: { name: input.sampler, options: input.samplerOptions },
      optimizer: { name: input.optimizer, options: input.optimizerOptions },
      preprocessing,
      augmentation: { cropScale, scaledShare, colourJitter, degradedShare },
      ...{ dimension, hiddenUnits, batchSize, classShare, seed },
      ...{ learningRate, headLearningRateFactor, weightDecay, clipNorm, warmupSteps },
      ...{ schedule, decaySteps, decayFactor },
    },
    length: steps === undefined ? { epochs: epochs ?? defaultEpochs } : { steps },
  };
}
