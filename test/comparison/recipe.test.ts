import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { combinationsOf, mergeFlags, recipeSchema } from '../../src/comparison/recipe.js';
import { losses } from '../../src/train/losses/index.js';

const folder = resolve(import.meta.dirname, '../../recipes');

describe('a recipe', () => {
  it('lays options over others, those in groups one by one', () => {
    const common = { learningRate: 1, lossOptions: { gamma: 1, margin: 'nmi' } };
    const merged = mergeFlags(common, { learningRate: 2, lossOptions: { gamma: 4 } }, { seed: 3 });
    expect(merged).toEqual({ learningRate: 2, lossOptions: { gamma: 4, margin: 'nmi' }, seed: 3 });
    expect(common.lossOptions.gamma).toBe(1);
  });

  it('tries every combination of a grid, the first values first', () => {
    expect(combinationsOf({ learningRate: [1, 2], 'lossOptions.gamma': [3, 4] })).toEqual([
      { learningRate: 1, lossOptions: { gamma: 3 } },
      { learningRate: 1, lossOptions: { gamma: 4 } },
      { learningRate: 2, lossOptions: { gamma: 3 } },
      { learningRate: 2, lossOptions: { gamma: 4 } },
    ]);
    expect(combinationsOf({})).toEqual([{}]);
  });

  it('is refused with an unknown field, without seeds and without losses', () => {
    const whole = { title: 't', dataset: 'cub-200-2011', seeds: [0], losses: { triplet: {} } };
    expect(recipeSchema.parse(whole)).toMatchObject({
      train: { split: 'train', classes: 'all' },
      tuning: { validationShare: 0.25, metric: 'mapAtR' },
      ks: [1, 2, 4, 8],
    });
    const changes = [
      ...[{ sedes: [1] }, { seeds: [] }, { losses: {} }, { tuning: { metric: 'accuracy' } }],
      ...[{ ks: [2] }, { seeds: [2 ** 31] }, { training: { lossOptions: 'a=1' } }],
    ];
    for (const change of changes)
      expect(recipeSchema.safeParse({ ...whole, ...change }).success, JSON.stringify(change)).toBe(false);
  });

  it.each(readdirSync(folder))(
    'that comes along is valid and tries each loss as often as any other: %s',
    file => {
      const recipe = recipeSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
      const tried = Object.values(recipe.losses).map(({ grid }) => combinationsOf(grid).length);
      expect(new Set(tried).size).toBe(1);
      if (file.includes('frozen')) {
        expect(Object.keys(recipe.losses).sort()).toEqual(losses.map(({ name }) => name).sort());
        expect(recipe.seeds.length).toBe(5);
      }
    },
  );
});
