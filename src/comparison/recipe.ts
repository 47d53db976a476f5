import { z } from 'zod';

/** Options of `medoid train` by their names, as JSON has them: `{ "learningRate": 0.01, "lossOptions": { "gamma": 4 } }`. */
const flagValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.number())]);
type Group = Record<string, z.output<typeof flagValue>>;
const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const flags = z
  .record(z.string(), z.union([flagValue, z.record(z.string(), flagValue)]))
  .superRefine((entries, context) => {
    for (const [name, value] of Object.entries(entries)) {
      if (!name.endsWith('Options') || isGroup(value)) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'expected an object of options' });
    }
  });
export type Flags = z.output<typeof flags>;

const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const part = z.strictObject({
  split: z.string().default('all'),
  classes: z.string().default('all'),
});

const contender = z.strictObject({
  /** What is this one's own, over what all have in common. */
  training: flags.default({}),
  /** Values to choose from, by option or `lossOptions.gamma`; every combination is tried. */
  grid: z.record(z.string(), z.array(flagValue).min(1)).default({}),
});

/** A comparison: what all losses have in common, what of each is tuned and how. */
export const recipeSchema = z.strictObject({
  title: z.string().min(1),
  /** Layout of the data set. */
  dataset: z.string().min(1),
  /** Its folder, from where the recipe is; or given to the command. */
  data: z.string().min(1).optional(),
  excludeClasses: z.array(z.string()).default([]),
  /** Classes that are trained on, and others that are only measured in the end. */
  train: part.default({ split: 'train', classes: 'all' }),
  test: part.default({ split: 'test', classes: 'all' }),
  /** Options of `medoid train` that all losses have in common. */
  training: flags.default({}),
  tuning: z
    .strictObject({
      /** Share of the training classes that tuning measures and does not train on. */
      validationShare: z.number().gt(0).max(0.9).default(0.25),
      seed: seed.default(0),
      /** What the best is best in. */
      metric: z.enum(['mapAtR', 'recallAt1', 'nmi']).default('mapAtR'),
      /** Over the options of `training`, such as fewer epochs. */
      training: flags.default({}),
    })
    .default({ validationShare: 0.25, seed: 0, metric: 'mapAtR', training: {} }),
  seeds: z.array(seed).min(1),
  /** Values of K of Recall@K. */
  ks: z
    .array(z.int().min(1))
    .refine(ks => ks.includes(1), 'expected 1 among them')
    .default([1, 2, 4, 8]),
  /** By the name of the loss, or any name where `training` says which loss. */
  losses: z
    .record(z.string(), contender)
    .refine(entries => Object.keys(entries).length > 0, 'expected a loss'),
});
export type Recipe = z.output<typeof recipeSchema>;

/** `{ a: 1, b: { c: 2 } }` over `{ a: 0, b: { d: 3 } }` is `{ a: 1, b: { c: 2, d: 3 } }`. */
export function mergeFlags(...all: readonly Flags[]): Flags {
  const merged: Flags = {};
  for (const entries of all) {
    for (const [name, value] of Object.entries(entries)) {
      const before = merged[name];
      const both = isGroup(value) && isGroup(before);
      merged[name] = both ? { ...before, ...value } : value;
    }
  }
  return merged;
}

/** Every combination of a grid, the first values first; one empty combination of an empty grid. */
export function combinationsOf(grid: Recipe['losses'][string]['grid']): Flags[] {
  let combinations: Flags[] = [{}];
  for (const [path, values] of Object.entries(grid)) {
    const [name, option] = path.split('.');
    const flagsOf = (value: z.output<typeof flagValue>): Flags =>
      option === undefined ? { [name]: value } : { [name]: { [option]: value } };
    combinations = combinations.flatMap(chosen => values.map(value => mergeFlags(chosen, flagsOf(value))));
  }
  return combinations;
}
