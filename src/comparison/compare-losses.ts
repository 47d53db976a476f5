import type { Dataset } from '../datasets/dataset.js';
import { holdOutClasses } from '../datasets/select-classes.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { type MeanInterval, meanInterval } from '../math/mean-interval.js';
import { normalise, rowOf } from '../math/vectors.js';
import { completeChoice } from '../train/complete-options.js';
import { EmbeddingNetwork } from '../train/embedding-network.js';
import { loadEngine } from '../train/engine.js';
import { rmsprop } from '../train/optimizers/rmsprop.js';
import { completeSettings, readTrainingSet, type TrainingChoice } from '../train/train-model.js';
import { embedSet } from '../train/validate.js';
import { combinationsOf, type Flags, mergeFlags, type Recipe } from './recipe.js';
import { measure, runTrial, type TrialContext } from './run-trial.js';
import type { Quality } from './trial-store.js';

export interface ComparisonRequest {
  readonly recipe: Recipe;
  /** Classes that are trained on, and others that are only measured in the end. */
  readonly train: Dataset;
  readonly test: Dataset;
  /** What options of `medoid train` ask for. */
  readonly choose: (flags: Flags) => TrainingChoice;
  readonly context: TrialContext;
}

/** One line of the table. */
export interface ComparisonRow {
  readonly name: string;
  /** Its own options, those that tuning chose among them. */
  readonly options: Flags;
  /** Combinations that tuning tried. */
  readonly tried: number;
  /** Seeds whose training left the finite numbers; they are not in the means. */
  readonly diverged: number;
  readonly metrics: Readonly<Record<string, MeanInterval>>;
  /** Mean time in training steps of a seed. */
  readonly seconds: number;
}

export interface Comparison {
  readonly title: string;
  readonly images: { readonly training: number; readonly test: number };
  readonly classes: { readonly training: number; readonly test: number };
  readonly seeds: number;
  /** What the head reads, without any training: the floor. */
  readonly floor: Quality | undefined;
  readonly rows: readonly ComparisonRow[];
}

interface Candidate {
  readonly flags: Flags;
  readonly score: number;
}

/** Metrics of a quality by name, in the order of the table. */
export const metricsOf = ({ nmi, f1, recallAt, mapAtR }: Quality): Record<string, number> => ({
  ...{ NMI: nmi, F1: f1 },
  ...Object.fromEntries(Object.entries(recallAt).map(([k, value]) => [`R@${k}`, value])),
  'MAP@R': mapAtR,
});

const scoreOf = (quality: Quality | null, metric: Recipe['tuning']['metric']): number => {
  if (quality === null) return Number.NEGATIVE_INFINITY;
  return metric === 'recallAt1' ? quality.recallAt[1] : quality[metric];
};

/**
 * Everything that will be trained, chosen once, so that a wrong option is known now and not hours later.
 * @throws MedoidError `invalid-option`
 */
export function checkRecipe({ training, tuning, losses }: Recipe, choose: ComparisonRequest['choose']): void {
  for (const [name, { training: own, grid }] of Object.entries(losses)) {
    for (const combination of combinationsOf(grid)) {
      const flags = mergeFlags({ loss: name }, training, own, combination);
      completeChoice(choose(flags).settings);
      completeChoice(choose(mergeFlags(flags, tuning.training)).settings);
    }
  }
}

/** Reads a part of the data as all losses of the comparison see it. */
type Read = (dataset: Dataset, varied: boolean) => Promise<ReadTrainingSet>;

/**
 * What a loss is tuned with: the best of its grid on classes that are held out of the training classes.
 * @throws MedoidError `training-diverged` when every combination did
 */
async function tune(
  name: string,
  { recipe, train, choose, context }: ComparisonRequest,
  { read, engine }: { read: Read; engine: string },
): Promise<Candidate> {
  const { training: common, tuning, losses } = recipe;
  const { training: own, grid } = losses[name];
  const combinations = combinationsOf(grid);
  if (combinations.length === 1) return { flags: mergeFlags(own, combinations[0]), score: Number.NaN };
  const split = holdOutClasses(train, { share: tuning.validationShare, seed: tuning.seed });
  const training = await read(split.training, true);
  const measured = await read(split.validation, false);
  let best: Candidate = { flags: own, score: Number.NEGATIVE_INFINITY };
  for (const [i, combination] of combinations.entries()) {
    const flags = mergeFlags(own, combination);
    const choice = choose(mergeFlags({ loss: name }, common, flags, tuning.training, { seed: tuning.seed }));
    const settings = completeSettings(choice, { engine, images: training.set.labels.length });
    const { quality } = await runTrial({ network: choice.network, settings, training, measured }, context);
    const score = scoreOf(quality, tuning.metric);
    const shown = quality === null ? 'diverged' : `${tuning.metric} ${score.toFixed(4)}`;
    context.report(
      `${name}: tuning ${i + 1}/${combinations.length} ${JSON.stringify(combination)}: ${shown}`,
    );
    if (score > best.score) best = { flags, score };
  }
  if (best.score !== Number.NEGATIVE_INFINITY) return best;
  throw new MedoidError(
    'training-diverged',
    `${name}: every combination of its grid left the finite numbers`,
  );
}

interface FinalSets {
  readonly training: ReadTrainingSet;
  readonly measured: ReadTrainingSet;
}

async function compareOne(
  name: string,
  { recipe, choose, context }: ComparisonRequest,
  { flags, engine, sets }: { flags: Flags; engine: string; sets: FinalSets },
): Promise<ComparisonRow> {
  const qualities: Quality[] = [];
  let seconds = 0;
  for (const seed of recipe.seeds) {
    const choice = choose(mergeFlags({ loss: name }, recipe.training, flags, { seed }));
    const settings = completeSettings(choice, { engine, images: sets.training.set.labels.length });
    const result = await runTrial({ network: choice.network, settings, ...sets }, context);
    seconds += result.seconds;
    if (result.quality !== null) qualities.push(result.quality);
    const recall = result.quality === null ? 'diverged' : `R@1 ${result.quality.recallAt[1]?.toFixed(4)}`;
    context.report(`${name}: seed ${seed}: ${recall}, ${result.seconds.toFixed(0)} s`);
  }
  const measured = qualities.map(metricsOf);
  const names = Object.keys(measured[0] ?? {});
  return {
    name,
    options: flags,
    tried: combinationsOf(recipe.losses[name].grid).length,
    diverged: recipe.seeds.length - qualities.length,
    metrics: Object.fromEntries(
      names.map(metric => [metric, meanInterval(measured.map(row => row[metric]))]),
    ),
    seconds: seconds / recipe.seeds.length,
  };
}

/**
 * Compares losses on one network, data set and budget: each is tuned by itself on held-out training classes, trained
 * anew on all of them with every seed, and measured on the test classes (Song et al. 2017, section 5).
 * @throws MedoidError for bad recipes or data, and `interrupted`; what was done by then is kept in the store
 */
export async function compareLosses(request: ComparisonRequest): Promise<Comparison> {
  const { recipe, train, test, choose, context } = request;
  const names = Object.keys(recipe.losses);
  const shared = choose(mergeFlags({ loss: names[0] }, recipe.training, recipe.losses[names[0]].training));
  const settings = completeChoice(shared.settings);
  const engine = await loadEngine(shared.engine);
  const read: Read = (dataset, varied) =>
    readTrainingSet(dataset, { ...shared, settings }, { varied, signal: context.signal });
  const chosen = new Map<string, Candidate>();
  for (const name of names) chosen.set(name, await tune(name, request, { read, engine }));
  const sets = { training: await read(train, true), measured: await read(test, false) };
  const floor = await measureFloor(shared, sets.measured, context);
  const rows: ComparisonRow[] = [];
  for (const name of names) {
    const { flags } = chosen.get(name) as Candidate;
    rows.push(await compareOne(name, request, { flags, engine, sets }));
  }
  const { training, measured } = sets;
  return {
    title: recipe.title,
    images: { training: training.set.labels.length, test: measured.set.labels.length },
    classes: { training: training.classes, test: measured.classes },
    seeds: recipe.seeds.length,
    floor,
    rows,
  };
}

/** Quality of what the head reads, before any training; nothing where the network starts from random weights. */
async function measureFloor(
  { network, settings, backbone }: TrainingChoice,
  measured: ReadTrainingSet,
  context: TrialContext,
): Promise<Quality | undefined> {
  if (backbone !== undefined) {
    const count = measured.set.labels.length;
    const data = await measured.set.load(Array.from({ length: count }, (_, i) => i));
    const block = { data, count, dimension: data.length / count };
    for (let i = 0; i < count; i++) normalise(rowOf(block, i));
    return measure(block, measured, context);
  }
  if (network.buildTrunk === undefined) return undefined;
  const model = await network.buildTrunk(settings.preprocessing.crop);
  const trunk = new EmbeddingNetwork(model, rmsprop.create(rmsprop.options.parse({})));
  try {
    const dimension = trunk.model.outputs[0].shape.at(-1) as number;
    return await measure(await embedSet(trunk, measured.set, dimension), measured, context);
  } finally {
    trunk.close();
  }
}
