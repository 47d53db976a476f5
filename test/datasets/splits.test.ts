import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, DatasetReader } from '../../src/datasets/dataset.js';
import { grocery } from '../../src/datasets/grocery.js';
import { selectSplits, splitsOf } from '../../src/datasets/select-split.js';
import { stanfordOnlineProducts } from '../../src/datasets/stanford-online-products.js';
import { verifyDataset } from '../../src/datasets/verify-dataset.js';
import { createGrocery, createProducts, writeLayout } from '../fixtures/layouts.js';

const dataset: Dataset = {
  classes: ['b', 'a', 'c'],
  examples: [
    { path: '1', label: 'b', splits: ['query', 'gallery'] },
    { path: '2', label: 'b' },
    { path: '3', label: 'a', splits: ['gallery'] },
    { path: '4', label: 'c', splits: ['train'] },
  ],
};

describe('splits', () => {
  it('are chosen alone or together, each image once and each class in its order', () => {
    const chosen = (...names: string[]) => {
      const { examples, classes } = selectSplits(dataset, names);
      return `${examples.map(({ path }) => path).join('')} ${classes.join('')}`;
    };
    expect(splitsOf(dataset)).toEqual(['query', 'gallery', 'train']);
    expect(chosen('query', 'gallery')).toBe('13 ba');
    expect(chosen('gallery')).toBe('13 ba');
    expect(chosen('train')).toBe('4 c');
    expect(chosen('all')).toBe('1234 bac');
    expect(chosen('query', 'all')).toBe('1234 bac');
  });

  it('that are not there are refused with those that are', () => {
    expect(() => selectSplits(dataset, ['query', 'test'])).toThrow(
      /--split: expected query, gallery, train, all, got "test"/,
    );
  });
});

describe('the verification of a data set', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-verify-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tells counts apart from the published ones and names the images that are not there', async () => {
    const root = await writeLayout(join(folder, 'products'), {
      ...createProducts(),
      'bicycle_final/1_0.JPG': '',
      'bicycle_final/2_0.JPG': '',
      'chair_final/3 0.JPG/a folder of that name': '',
    });
    expect(await verifyDataset(stanfordOnlineProducts, root)).toEqual({
      splits: [
        {
          split: 'train',
          classes: 2,
          images: 3,
          published: { classes: 11318, images: 59551 },
          agrees: false,
        },
        { split: 'test', classes: 1, images: 1, published: { classes: 11316, images: 60502 }, agrees: false },
      ],
      missing: [join(root, 'bicycle_final/1_1.JPG'), join(root, 'chair_final/3 0.JPG')],
      agrees: false,
    });
  });

  it('agrees when the counts are the published ones, and only then', async () => {
    const root = await writeLayout(join(folder, 'grocery'), createGrocery());
    const paths = (await grocery.read(root)).examples.map(({ path }) => path);
    await writeLayout('', Object.fromEntries(paths.map(path => [path, ''])));
    const agreesWith = async (published: DatasetReader['published']) =>
      (await verifyDataset({ ...grocery, ...(published === undefined ? {} : { published }) }, root)).agrees;
    expect(await agreesWith(undefined)).toBe(true);
    const [train, test] = [
      { classes: 41, images: 42 },
      { classes: 1, images: 2 },
    ];
    expect(await agreesWith({ train, test })).toBe(true);
    expect(await agreesWith({ train: { ...train, images: 41 }, test })).toBe(false);
    expect(await agreesWith({ train, test: { ...test, classes: 2 } })).toBe(false);
    // A split that is not there at all.
    expect(await agreesWith({ train, test, query: { classes: 1, images: 1 } })).toBe(false);
  });

  it('counts everything as one where there are no splits', async () => {
    const everything = { read: async () => ({ classes: ['x'], examples: [] }), name: 'none' };
    expect((await verifyDataset(everything, '')).splits).toEqual([
      { split: 'all', classes: 0, images: 0, published: null, agrees: true },
    ]);
  });
});
