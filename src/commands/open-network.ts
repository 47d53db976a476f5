import { MedoidError } from '../errors.js';
import { CachedBackbone } from '../features/cached-backbone.js';
import { resolveModel } from '../hub/kept-models.js';
import type { Preprocessing } from '../images/preprocessing.js';
import { isEarlierRun, openEarlierRun } from '../train/networks/earlier-run.js';
import { featureHead } from '../train/networks/feature-head.js';
import { openLayersModel } from '../train/networks/layers-model.js';
import { namedNetwork } from '../train/networks/named-network.js';
import type { NetworkSource } from '../train/networks/network.js';
import { runDirectoryOf } from '../train/run-files.js';
import type { TrainingChoice } from '../train/train-model.js';
import type { CommandContext } from './command.js';
import { pixelOptionNames, preprocessingOf } from './pixel-options.js';
import { defaultNetwork, type TrainingInput } from './training-options.js';

const misuse = (message: string, field: string): MedoidError =>
  new MedoidError('invalid-option', message, { field });

/** Of options that exclude each other, at most one may be given. */
function requireOne(input: TrainingInput): void {
  const given = (['network', 'init', 'backbone'] as const).filter(name => input[name] !== undefined);
  if (given.length > 1) {
    throw misuse(
      `expected one of --network, --init and --backbone, got --${given.join(' and --')}`,
      given[1],
    );
  }
  if (input.initLayer !== undefined && input.init === undefined) {
    throw misuse('--init-layer: expected --init, too', 'initLayer');
  }
  if (given[0] !== undefined && given[0] !== 'network' && Object.keys(input.networkOptions).length > 0) {
    throw misuse(`--network-options: expected --network, got --${given[0]}`, 'networkOptions');
  }
  const { backboneOutput, backbonePooling, featureViews } = input;
  const saysHow = backboneOutput !== undefined || backbonePooling !== undefined || featureViews !== '1';
  if (input.backbone === undefined && saysHow) {
    throw misuse(
      '--backbone-output, --backbone-pooling and --feature-views: expected --backbone, too',
      'backbone',
    );
  }
  if (input.cropScale === 0 && input.scaledShare !== 1) {
    throw misuse('--scaled-share: expected --crop-scale, too', 'scaledShare');
  }
  if (
    input.backbone !== undefined &&
    (input.cropScale !== 0 || input.colourJitter !== 0 || input.degradedShare !== 0)
  ) {
    throw misuse(
      '--crop-scale, --colour-jitter and --degraded-share: expected none with --backbone, whose features are kept',
      'backbone',
    );
  }
}

async function openBackbone(
  path: string,
  input: TrainingInput,
  { report }: Pick<CommandContext, 'report'>,
): Promise<CachedBackbone> {
  const isGiven = pixelOptionNames.some(name => input[name] !== undefined);
  return CachedBackbone.open(path, {
    preprocessing: isGiven ? preprocessingOf(input) : undefined,
    output: input.backboneOutput,
    pooling: input.backbonePooling,
    cacheFolder: input.featureCache,
    views: input.featureViews === '2' ? 2 : 1,
    onNotice: report,
  });
}

/** What `--init` names, and how pictures become its input where the options do not say it. */
async function openInitial(
  { init: path, initLayer: layer, dimension, seed }: TrainingInput & { init: string },
  { report }: Pick<CommandContext, 'report'>,
): Promise<{ network: NetworkSource; usual?: Preprocessing }> {
  if (!isEarlierRun(path)) {
    const run = runDirectoryOf(path);
    if (isEarlierRun(run)) {
      throw misuse(`--init: expected the folder of a training, ${run}, got its model`, 'init');
    }
    return { network: await openLayersModel({ path, layer }) };
  }
  if (layer !== undefined) {
    throw misuse(
      '--init-layer: expected a layers model in --init, got the folder of a training',
      'initLayer',
    );
  }
  const { network, settings } = await openEarlierRun(path);
  if (settings.dimension !== dimension) {
    report(
      `--init: its head, of ${settings.dimension} dimensions, is left out for a new one of ${dimension}`,
    );
  }
  if (settings.seed !== seed) {
    report(
      `--init: it was trained with --seed ${settings.seed}, so that of what is held out with --seed ${seed} it has learnt some`,
    );
  }
  return { network, usual: settings.preprocessing };
}

/** The network that is trained, as the options name it, opened. */
export interface OpenedNetwork extends Pick<TrainingChoice, 'network' | 'backbone'> {
  readonly preprocessing: Preprocessing;
  close(): Promise<void>;
}

/** Options that `openNetwork` reads: what all losses of a comparison share. */
export const networkOptionNames = [
  ...['network', 'networkOptions', 'init', 'initLayer'],
  ...['backbone', 'models', 'backboneOutput', 'backbonePooling', 'featureCache', 'featureViews'],
  ...pixelOptionNames,
];

/**
 * The network that `--network`, `--init` or `--backbone` asks for.
 * @throws MedoidError `invalid-option`, or what is wrong with a file that they name
 */
export async function openNetwork(
  input: TrainingInput,
  context: Pick<CommandContext, 'report'>,
): Promise<OpenedNetwork> {
  requireOne(input);
  if (input.backbone !== undefined) {
    const backbone = await openBackbone(
      resolveModel(input.backbone.replace(/^onnx:/, ''), input.models),
      input,
      context,
    );
    const { extractor, views, preprocessing } = backbone;
    const network = featureHead({ extractor: extractor.id, dimension: extractor.dimension, views });
    return { network, backbone, preprocessing, close: () => backbone.close() };
  }
  const { init } = input;
  const { network, usual } =
    init === undefined
      ? { network: namedNetwork({ name: input.network ?? defaultNetwork, options: input.networkOptions }) }
      : await openInitial({ ...input, init }, context);
  return { network, preprocessing: preprocessingOf(input, usual), close: async () => undefined };
}
