import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { compareLosses } from '../comparison/compare-losses.js';
import { type Flags, type Recipe, recipeSchema } from '../comparison/recipe.js';
import { renderComparison } from '../comparison/render-comparison.js';
import { TrialStore } from '../comparison/trial-store.js';
import { replaceFile } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import { modelNamePattern } from '../hub/kept-models.js';
import { type CommandResult, defineCommand } from './command.js';
import { openDataset } from './dataset-options.js';
import { lockFolder } from './lock-folder.js';
import { networkOptionNames, openNetwork } from './open-network.js';
import { type TrainingInput, trainingOf, trainingOptions } from './training-options.js';

const trainingSchema = z.strictObject(trainingOptions);

async function readRecipe(path: string): Promise<Recipe> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new MedoidError('file-not-found', `expected a recipe: ${messageOf(error)}`, { cause: error });
  });
  try {
    return recipeSchema.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new MedoidError('invalid-option', `${path} is not a recipe: ${reason}`, {
      field: 'config',
      cause: error,
    });
  }
}

/** A value as it would stand on the command line. */
function asText(value: Flags[string]): string {
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.join(',');
  return Object.entries(value)
    .map(([name, option]) => `${name}=${String(option)}`)
    .join(',');
}

/** The options of `medoid train` that a recipe gives, checked as those of the command line are. */
function parseFlags(flags: Flags): TrainingInput {
  const given = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, asText(value)]));
  const parsed = trainingSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', `the recipe: ${z.prettifyError(parsed.error)}`, {
    field: 'config',
    cause: parsed.error,
  });
}

/** What all losses share, so that only they differ; how many images are met is among it. */
const sharedNames = [
  ...networkOptionNames,
  ...['cropScale', 'scaledShare', 'colourJitter', 'dimension', 'hiddenUnits', 'engine'],
];
const budgetNames = ['epochs', 'steps'];

/** @throws MedoidError `invalid-option` for an option where it would make the comparison unfair or do nothing */
function requireInPlace({ training, losses, tuning }: Recipe): void {
  const refuse = (place: string, given: Flags | Record<string, unknown>, names: readonly string[]): void => {
    const wrong = Object.keys(given).find(option => names.includes(option.split('.')[0]));
    if (wrong === undefined) return;
    throw new MedoidError(
      'invalid-option',
      `the recipe: expected no ${wrong} in ${place}: losses differ in what is their own, and share network, pictures ` +
        'and budget in training; seeds are in seeds',
      { field: 'config' },
    );
  };
  refuse('training', training, ['loss', 'seed']);
  refuse('tuning.training', tuning.training, [...sharedNames, 'loss', 'seed']);
  for (const [name, { training: own, grid }] of Object.entries(losses)) {
    refuse(`losses.${name}.training`, own, [...sharedNames, ...budgetNames, 'seed']);
    refuse(`losses.${name}.grid`, grid, [...sharedNames, ...budgetNames, 'seed', 'loss']);
  }
}

/** Files that the recipe names are named from where it is. */
function fromRecipe(config: string, { training }: Recipe): Flags {
  const place = (value: Flags[string]): string => resolve(dirname(config), String(value));
  const { init, backbone, models, featureCache } = training;
  const placeBackbone = (given: string): string =>
    // The name of a pulled model is no place.
    modelNamePattern.test(given) && !existsSync(place(given)) ? given : place(given);
  return {
    ...training,
    ...(init !== undefined && { init: place(init) }),
    ...(backbone !== undefined && { backbone: placeBackbone(String(backbone).replace(/^onnx:/, '')) }),
    ...(models !== undefined && { models: place(models) }),
    ...(featureCache !== undefined && { featureCache: place(featureCache) }),
  };
}

export const compare = defineCommand({
  name: 'compare',
  summary: 'Compare losses on one network, data set and budget, each tuned, over several seeds.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    config: z.string().min(1).describe('recipe, a JSON file; see docs/comparing.md'),
    out: z.string().min(1).describe('folder for the results; what is there already is not done again'),
    data: z
      .string()
      .min(1)
      .optional()
      .describe('folder of the data set (default: what the recipe says, from where it is)'),
    init: trainingOptions.init,
    backbone: trainingOptions.backbone,
    featureCache: trainingOptions.featureCache
      .unwrap()
      .optional()
      .describe('folder where its features are kept (default: what the recipe says, or that of train)'),
  }),
  async run({ config, out, data, init, backbone, featureCache }, context): Promise<CommandResult> {
    const recipe = await readRecipe(config);
    requireInPlace(recipe);
    const folder = data ?? (recipe.data && resolve(dirname(config), recipe.data));
    if (folder === undefined) {
      throw new MedoidError('invalid-option', `expected --data, or data in ${config}`, { field: 'data' });
    }
    const given = {
      ...(init && { init }),
      ...(backbone && { backbone }),
      ...(featureCache && { featureCache }),
    };
    const flags = { ...fromRecipe(config, recipe), ...given };
    const { dataset, excludeClasses } = recipe;
    const read = async (part: Recipe['train']) =>
      (await openDataset({ data: folder, dataset, excludeClasses, ...part }, ['all'])).dataset;
    const opened = await openNetwork(parseFlags(flags), context);
    const lock = await lockFolder(out).catch(async error => {
      await opened.close();
      throw error;
    });
    try {
      const whole = { ...recipe, training: flags };
      const choose = (chosen: Flags) => trainingOf(parseFlags(chosen), opened);
      const comparison = await compareLosses({
        ...{ recipe: whole, choose },
        train: await read(recipe.train),
        test: await read(recipe.test),
        context: {
          ...{ ks: recipe.ks, signal: context.signal, report: context.report },
          store: new TrialStore(join(out, 'trials')),
        },
      });
      const table = renderComparison(comparison);
      await replaceFile(join(out, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
      await replaceFile(join(out, 'comparison.md'), table);
      return { json: comparison, text: table, exitCode: Math.min(1, comparison.failed.length) };
    } finally {
      lock.close();
      await opened.close();
    }
  },
});
