import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareLosses } from '../../src/comparison/compare-losses.js';
import { type Flags, type Recipe, recipeSchema } from '../../src/comparison/recipe.js';
import { renderComparison } from '../../src/comparison/render-comparison.js';
import { TrialStore } from '../../src/comparison/trial-store.js';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { selectClasses } from '../../src/datasets/select-classes.js';
import { defaultPreprocessing } from '../../src/images/preprocessing.js';
import { namedNetwork } from '../../src/train/networks/named-network.js';
import type { TrainingChoice } from '../../src/train/train-model.js';
import { createClassFolders } from '../fixtures/class-folders.js';

const recipe: Recipe = recipeSchema.parse({
  title: 'Shapes',
  dataset: 'class-folders',
  seeds: [0, 1],
  ks: [1, 2],
  losses: {
    'facility-location': { grid: { learningRate: [0.01, 1e-6] } },
    triplet: {},
  },
});

const choose = (flags: Flags): TrainingChoice => ({
  network: namedNetwork({ name: 'small-conv', options: { width: 4, stages: 2 } }),
  settings: {
    loss: { name: String(flags.loss), options: {} },
    sampler: { name: 'c-over-m', options: {} },
    augmentation: { cropScale: 0, colourJitter: 0 },
    preprocessing: defaultPreprocessing(16),
    ...{ dimension: 4, batchSize: 12, classShare: 0.34, schedule: 'constant', warmupSteps: 0 },
    learningRate: Number(flags.learningRate ?? 0.01),
    seed: Number(flags.seed ?? 0),
  },
  length: { steps: 6 },
  engine: 'wasm',
});

describe('comparing losses', () => {
  let folder: string;
  let train: Dataset;
  let test: Dataset;
  /** Runs the recipe in a folder of its own. @returns the comparison and what was told meanwhile */
  const compare = async (name: string, changes: Partial<Recipe> = {}, stopAt?: RegExp) => {
    const told: string[] = [];
    const controller = new AbortController();
    const comparison = await compareLosses({
      ...{ recipe: { ...recipe, ...changes }, train, test, choose },
      context: {
        store: new TrialStore(join(folder, name)),
        ks: recipe.ks,
        signal: controller.signal,
        report: line => {
          told.push(line);
          if (stopAt?.test(line)) controller.abort();
        },
      },
    }).catch(error => ({ error, told }));
    return 'error' in comparison ? comparison : { comparison, told };
  };
  const timeless = (comparison: unknown): unknown =>
    JSON.parse(JSON.stringify(comparison, (key, value) => (key === 'seconds' ? 0 : value)));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-compare-'));
    const all = await classFolders.read(
      await createClassFolders(join(folder, 'data'), { classes: 12, images: 6 }),
    );
    train = await selectClasses(all, { selection: 'first:8', excluded: [] });
    test = await selectClasses(all, { selection: 'last:4', excluded: [] });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tunes each loss, trains it with every seed and measures it on classes it has not seen', async () => {
    const result = await compare('whole');
    if ('error' in result) throw result.error;
    const { comparison, told } = result;
    expect(comparison).toMatchObject({
      images: { training: 48, test: 24 },
      classes: { training: 8, test: 4 },
      seeds: 2,
      floor: undefined,
    });
    const [facility, triplet] = comparison.rows;
    const scores = told.flatMap(line =>
      line.includes('tuning') ? [Number(/mapAtR ([\d.]+)/.exec(line)?.[1])] : [],
    );
    expect(scores.length).toBe(2);
    expect(facility.options).toEqual({ learningRate: scores[0] >= scores[1] ? 0.01 : 1e-6 });
    expect([facility.tried, triplet.tried, triplet.diverged]).toEqual([2, 1, 0]);
    expect(Object.keys(triplet.metrics)).toEqual(['NMI', 'F1', 'R@1', 'R@2', 'MAP@R']);
    expect(triplet.metrics['R@1'].count).toBe(2);
    expect(triplet.metrics['R@2'].mean).toBeGreaterThanOrEqual(triplet.metrics['R@1'].mean);
    // Two tunings and four runs; no checkpoint is left.
    expect((await readdir(join(folder, 'whole'))).filter(name => name.endsWith('.json')).length).toBe(6);
    expect((await readdir(join(folder, 'whole'))).length).toBe(6);
    const table = renderComparison(comparison);
    expect(table).toContain('48 images of 8 classes, measured on 24 images of 4 other classes; 2 seeds');
    expect(table).toMatch(/\| `triplet` \| [\d.]+ ± [\d.]+ \|/);
  });

  it('does nothing again that was done before', async () => {
    const before = await compare('again');
    const modified = async () =>
      Promise.all(
        (await readdir(join(folder, 'again'))).map(
          async name => (await stat(join(folder, 'again', name))).mtimeMs,
        ),
      );
    const times = await modified();
    const after = await compare('again');
    expect(after).toEqual({ ...before, told: after.told });
    expect(after.told.some(line => line.includes('epoch'))).toBe(false);
    expect(await modified()).toEqual(times);
  });

  it('goes on where it was stopped, to the same numbers', async () => {
    const stopped = await compare('stopped', {}, /epoch 1/);
    expect(stopped).toMatchObject({ error: { code: 'interrupted' } });
    const whole = await compare('uninterrupted');
    const resumed = await compare('stopped');
    expect('comparison' in resumed).toBe(true);
    expect(timeless({ ...resumed, told: [] })).toEqual(timeless({ ...whole, told: [] }));
  });

  it('refuses classes that are trained on and measured', async () => {
    await expect(
      compareLosses({
        ...{ recipe, train, test: train, choose },
        context: {
          store: new TrialStore(join(folder, 'both')),
          ...{ ks: [1], signal: new AbortController().signal, report: () => undefined },
        },
      }),
    ).rejects.toThrow(/expected test classes that are not trained on, got 8 that are, the first "class-00"/);
  });

  it('lays what tuning changes under what is tuned, and never changes the loss', async () => {
    const seen: Flags[] = [];
    const shared: Recipe = recipeSchema.parse({
      ...{ title: 't', dataset: 'class-folders', seeds: [4] },
      training: { batchSize: 9 },
      tuning: { seed: 7, training: { learningRate: 0.5, epochs: 1 } },
      losses: { triplet: { grid: { learningRate: [0.01, 0.02] } }, contrastive: {} },
    });
    await compareLosses({
      ...{ recipe: shared, train, test },
      choose: flags => {
        seen.push(flags);
        return choose(flags);
      },
      context: {
        store: new TrialStore(join(folder, 'seen')),
        ...{ ks: [1], signal: new AbortController().signal, report: () => undefined },
      },
    });
    const tuned = seen.filter(({ seed }) => seed === 7 && seen.length > 0);
    expect(
      new Set(tuned.filter(({ loss }) => loss === 'triplet').map(({ learningRate }) => learningRate)),
    ).toEqual(new Set([0.01, 0.02]));
    const final = seen.filter(({ seed }) => seed === 4);
    expect(final.map(({ loss }) => loss)).toEqual(['triplet', 'contrastive']);
    expect(final.every(flags => flags.epochs === undefined && flags.batchSize === 9)).toBe(true);
  });

  it('says which runs left the finite numbers, and leaves them out of the means', async () => {
    const wild = { losses: { triplet: { training: { learningRate: 1e30 }, grid: {} } } };
    const result = await compare('wild', wild);
    if ('error' in result) throw result.error;
    expect(result.comparison.rows).toMatchObject([{ name: 'triplet', diverged: 2, metrics: {} }]);
    expect(renderComparison(result.comparison)).toContain('`triplet` (2 diverged)');
    const tuned = { losses: { triplet: { training: {}, grid: { learningRate: [1e30, 1e29] } } } };
    expect(await compare('wild', tuned)).toMatchObject({ error: { code: 'training-diverged' } });
  });
});
