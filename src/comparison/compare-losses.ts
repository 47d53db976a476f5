import type { Dataset } from '../datasets/dataset.js';
import type { UnreadableExample } from '../datasets/read-example.js';
import { holdOutClasses } from '../datasets/select-classes.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { type MeanInterval, meanInterval } from '../math/mean-interval.js';
import { buildNetwork, chooseEngine } from '../train/choose-engine.js';
import { completeChoice } from '../train/complete-options.js';
import { readTrainingSet } from '../train/read-training-set.js';
import type { ChosenSettings } from '../train/settings.js';
import { completeSettings, type TrainingChoice } from '../train/train-model.js';
import { measureFloor } from './measure-floor.js';
import { combinationsOf, type Flags, mergeFlags, type Recipe } from './recipe.js';
import { runTrial, type TrialContext } from './run-trial.js';
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
  /** Of each seed, in order, without those that diverged. */
  readonly qualities: readonly Quality[];
  /** Mean time in training steps of such a seed. */
  readonly seconds: number;
}

export interface Comparison {
  readonly title: string;
  /** As it was given, with every default. */
  readonly recipe: Recipe;
  /** The network that was trained: which, of what pretrained weights. */
  readonly network: TrainingChoice['network']['settings'];
  readonly engine: string;
  readonly images: { readonly training: number; readonly test: number };
  readonly classes: { readonly training: number; readonly test: number };
  readonly seeds: number;
  /** What the head reads, without any training: the floor. */
  readonly floor: Quality | undefined;
  readonly rows: readonly ComparisonRow[];
  /** Images that could not be read and were left out. */
  readonly failed: readonly UnreadableExample[];
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

/** All options of a final training. */
const finalFlags = (name: string, { training }: Recipe, own: Flags): Flags =>
  mergeFlags(training, { loss: name }, own);

/** All options of a training while tuning: what is tuned goes before what tuning changes for all. */
const tuningFlags = (name: string, { training, tuning }: Recipe, own: Flags): Flags =>
  mergeFlags(training, tuning.training, { loss: name }, own, { seed: tuning.seed });

/** What all trainings of a comparison share. */
interface Shared {
  readonly choice: TrainingChoice;
  readonly settings: ChosenSettings;
  readonly engine: string;
}

/**
 * Everything that will be trained, chosen once, and the network, built once, so that what is wrong is known now and not
 * hours later.
 * @throws MedoidError `invalid-option`, or what is wrong with the network
 */
async function checkRecipe({ recipe, choose }: ComparisonRequest): Promise<Shared> {
  const choices: TrainingChoice[] = [];
  for (const [name, { training: own, grid }] of Object.entries(recipe.losses)) {
    for (const combination of combinationsOf(grid)) {
      const flags = mergeFlags(own, combination);
      choices.push(choose(finalFlags(name, recipe, flags)), choose(tuningFlags(name, recipe, flags)));
    }
  }
  const [settings] = choices.map(given => completeChoice(given.settings));
  const [choice] = choices;
  const engine = await chooseEngine(choice.engine, { network: choice.network, settings });
  (await buildNetwork(choice.network, settings)).dispose();
  return { choice, settings, engine };
}

/** @throws MedoidError `invalid-option` when a class is trained on and measured */
function requireDisjoint(train: Dataset, test: Dataset): void {
  const trained = new Set(train.classes);
  const both = test.classes.filter(name => trained.has(name));
  if (both.length === 0) return;
  throw new MedoidError(
    'invalid-option',
    `expected test classes that are not trained on, got ${both.length} that are, the first ${JSON.stringify(both[0])}; ` +
      'see train and test of the recipe',
    { field: 'config' },
  );
}

/**
 * What a loss is tuned with: the best of its grid on classes that are held out of the training classes.
 * @throws MedoidError `training-diverged` when every combination did
 */
async function tune(
  name: string,
  { recipe, choose, context }: ComparisonRequest,
  { readSplit, engine }: { readSplit: () => Promise<TrialSets>; engine: string },
): Promise<Candidate> {
  const { tuning, losses } = recipe;
  const { training: own, grid } = losses[name];
  const combinations = combinationsOf(grid);
  if (combinations.length === 1) return { flags: mergeFlags(own, combinations[0]), score: Number.NaN };
  const sets = await readSplit();
  let best: Candidate = { flags: own, score: Number.NEGATIVE_INFINITY };
  for (const [i, combination] of combinations.entries()) {
    const flags = mergeFlags(own, combination);
    const choice = choose(tuningFlags(name, recipe, flags));
    const settings = completeSettings(choice, { engine, images: sets.training.set.labels.length });
    const { quality } = await runTrial({ network: choice.network, settings, ...sets }, context);
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

/** What is trained on, and what is measured. */
interface TrialSets {
  readonly training: ReadTrainingSet;
  readonly measured: ReadTrainingSet;
}

async function compareOne(
  name: string,
  { recipe, choose, context }: ComparisonRequest,
  { flags, engine, sets }: { flags: Flags; engine: string; sets: TrialSets },
): Promise<ComparisonRow> {
  const qualities: Quality[] = [];
  let seconds = 0;
  for (const seed of recipe.seeds) {
    const choice = choose({ ...finalFlags(name, recipe, flags), seed });
    const settings = completeSettings(choice, { engine, images: sets.training.set.labels.length });
    const result = await runTrial({ network: choice.network, settings, ...sets }, context);
    if (result.quality !== null) {
      qualities.push(result.quality);
      seconds += result.seconds;
    }
    const recall = result.quality === null ? 'diverged' : `R@1 ${result.quality.recallAt[1].toFixed(4)}`;
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
    qualities,
    seconds: qualities.length === 0 ? 0 : seconds / qualities.length,
  };
}

/**
 * Compares losses on one network, data set and budget: each is tuned by itself on held-out training classes, trained
 * anew on all of them with every seed, and measured on the test classes (Song et al. 2017, section 5).
 * @throws MedoidError for bad recipes or data, and `interrupted`; what was done by then is kept in the store
 */
export async function compareLosses(request: ComparisonRequest): Promise<Comparison> {
  const { recipe, train, test, context } = request;
  requireDisjoint(train, test);
  const { choice: shared, settings, engine } = await checkRecipe(request);
  const failed = new Map<string, UnreadableExample>();
  const read = async (dataset: Dataset, varied: boolean): Promise<ReadTrainingSet> => {
    const set = await readTrainingSet(dataset, { ...shared, settings }, { varied, signal: context.signal });
    for (const example of set.failed) failed.set(example.path, example);
    return set;
  };
  const readSplit = onlyOnce(async (): Promise<TrialSets> => {
    const { validationShare: share, seed } = recipe.tuning;
    const split = holdOutClasses(train, { share, seed });
    return { training: await read(split.training, true), measured: await read(split.validation, false) };
  });
  const names = Object.keys(recipe.losses);
  const chosen: Candidate[] = [];
  for (const name of names) chosen.push(await tune(name, request, { readSplit, engine }));
  const sets = { training: await read(train, true), measured: await read(test, false) };
  for (const { path, message } of failed.values()) context.report(`left out ${path}: ${message}`);
  const floor = await measureFloor(shared, sets.measured, context);
  const rows: ComparisonRow[] = [];
  for (const [i, name] of names.entries()) {
    rows.push(await compareOne(name, request, { flags: chosen[i].flags, engine, sets }));
  }
  const { training, measured } = sets;
  return {
    ...{ title: recipe.title, recipe, network: shared.network.settings, engine },
    images: { training: training.set.labels.length, test: measured.set.labels.length },
    classes: { training: training.classes, test: measured.classes },
    ...{ seeds: recipe.seeds.length, floor, rows, failed: [...failed.values()] },
  };
}

/** What `read` gives, read when it is first asked for. */
function onlyOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}
