import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClassFolders } from '../fixtures/class-folders.js';
import { createProducts, writeLayout } from '../fixtures/layouts.js';
import { runMedoid } from '../fixtures/run-medoid.js';

describe('the command line on data sets', () => {
  let folder: string;
  let table: string;
  const asTable = () => ['--dataset', 'csv', '--data', table];
  const histogram = ['--baseline', 'colour-histogram', '--json'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-datasets-'));
    const data = await createClassFolders(join(folder, 'data'), { classes: 6, images: 5 });
    // Classes 0 to 2 train; of the others one image a class is asked for and two are searched, one of them the query.
    const lines = [0, 1, 2].flatMap(k => [0, 1, 2, 3, 4].map(i => `class-0${k}/${i}.png,class-0${k},train`));
    for (const k of [3, 4, 5]) {
      lines.push(`class-0${k}/0.png,class-0${k},query`);
      lines.push(...[0, 1].map(i => `class-0${k}/${i}.png,class-0${k},gallery`));
    }
    table = join(data, 'table.csv');
    await writeFile(table, `path,label,split\n${lines.join('\n')}\n`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    [['datasets'], 2, /Usage: medoid datasets/],
    [['datasets', 'fly'], 2, /unknown command 'fly'/],
    [['datasets', 'verify', 'csv'], 2, /missing required argument 'directory'/],
    [['datasets', 'verify', 'unknown', '.'], 2, /<name> "unknown": .*cub-200-2011/],
    [
      ['datasets', 'verify', 'cub-200-2011', 'nowhere'],
      1,
      /file-not-found: expected the file nowhere.classes.txt/,
    ],
    [
      ['train', '--data', '.', '--out', 'x', '--split', 'a:b'],
      2,
      /--split "a:b": expected the name of one split/,
    ],
    [['evaluate', '--data', '.', '--split', 'a:'], 2, /--split "a:": expected the name of a split or of two/],
  ])('refuses %j', async (args, code, message) => {
    const { exitCode, stdout, stderr } = await runMedoid(...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
    expect(stdout).toBe('');
  });

  it('verifies: what is there, against what is published, and what is not there', async () => {
    const good = await runMedoid('datasets', 'verify', 'csv', table, '--json');
    expect(good.exitCode).toBe(0);
    expect(JSON.parse(good.stdout)).toEqual({
      dataset: 'csv',
      splits: [
        { split: 'train', classes: 3, images: 15, published: null, agrees: true },
        { split: 'query', classes: 3, images: 3, published: null, agrees: true },
        { split: 'gallery', classes: 3, images: 6, published: null, agrees: true },
      ],
      missing: [],
      agrees: true,
    });
    const root = await writeLayout(join(folder, 'products'), createProducts());
    const bad = await runMedoid('datasets', 'verify', 'stanford-online-products', root);
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toContain('train: 2 classes, 3 images; published: 11,318 classes, 59,551 images');
    expect(bad.stdout).toContain(`listed, but not there: ${join(root, 'bicycle_final', '1_1.JPG')}`);
  });

  it('trains on the split train unless told otherwise', async () => {
    const out = join(folder, 'model');
    const quick = [
      '--batch-size',
      '8',
      '--image-size',
      '16',
      '--network-options',
      'width=4',
      '--engine',
      'wasm',
    ];
    const args = ['train', ...asTable(), '--out', out, '--steps', '1', '--validation-share', '0', ...quick];
    const trained = await runMedoid(...args);
    expect(trained.stderr).toMatch(/15 images of 3 classes/);
    const gallery = await runMedoid(...args, '--overwrite', '--split', 'gallery');
    expect(gallery.stderr).toMatch(/6 images of 3 classes/);
  });

  it('evaluates queries against the gallery where there are such, each image embedded once', async () => {
    const measure = async (...args: string[]) =>
      JSON.parse((await runMedoid('evaluate', ...asTable(), ...histogram, ...args)).stdout);
    expect(await measure()).toMatchObject({
      ...{ split: 'query:gallery', images: 6, gallery: 6, queries: 3, singletons: 0, classes: 3 },
      clusterer: 'k-means',
    });
    expect(await measure('--clusterer', 'facility-location')).toMatchObject({
      ...{ images: 6, queries: 3, clusterer: 'facility-location' },
    });
    // One image a class: nothing to be found.
    expect(await measure('--split', 'query')).toMatchObject({ error: { code: 'invalid-dataset' } });
    expect(await measure('--split', 'all')).toMatchObject({ images: 21, queries: 21, classes: 6 });
    // Counted within the split; what is excluded may be of any.
    const excluded = ['--exclude-classes', 'class-00,class-03'];
    expect(await measure(...excluded)).toMatchObject({ classes: 2, images: 4, queries: 2 });
    expect(await measure('--classes', 'first:2', '--split', 'train')).toMatchObject({
      classes: 2,
      images: 10,
    });
    expect(await measure('--classes', 'first:1', '--split', 'train')).toMatchObject({
      error: { code: 'invalid-dataset' },
    });
    expect(await measure('--split', 'train:gallery')).toMatchObject({ error: { code: 'invalid-dataset' } });
  });
});
