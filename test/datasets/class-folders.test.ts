import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { holdOutClasses, selectClasses } from '../../src/datasets/select-classes.js';

const none: string[] = [];

describe('class folders', () => {
  let root: string;
  let dataset: Dataset;
  const touch = async (...names: string[]): Promise<void> => {
    await mkdir(join(root, ...names.slice(0, -1)), { recursive: true });
    await writeFile(join(root, ...names), '');
  };

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'medoid-folders-'));
    for (const name of ['zebra', 'Ant', 'bee', 'élan', 'cat', 'dog']) {
      await touch(name, 'b.JPG');
      await touch(name, 'a.png');
    }
    await touch('cat', 'deep', 'c.webp');
    await touch('cat', 'notes.txt');
    await touch('cat', '._a.png');
    await touch('papers', 'only.pdf');
    await touch('loose.png');
    dataset = await classFolders.read(root);
  });
  afterAll(() => rm(root, { recursive: true }));

  it('are classes in code-point order, images by path, deeper ones too', () => {
    expect(dataset.classes).toEqual(['Ant', 'bee', 'cat', 'dog', 'zebra', 'élan']);
    const cats = dataset.examples.filter(({ label }) => label === 'cat');
    expect(cats.map(({ path }) => relative(root, path))).toEqual([
      'cat/a.png',
      'cat/b.JPG',
      'cat/deep/c.webp',
    ]);
  });

  it('say what is missing', async () => {
    await expect(classFolders.read(join(root, 'nowhere'))).rejects.toThrow(/nowhere/);
    await expect(classFolders.read(join(root, 'papers'))).rejects.toMatchObject({ code: 'invalid-dataset' });
  });

  it('are chosen from the front, the back, a file, and without the excluded', async () => {
    const chosen = async (selection: string, excluded = none) =>
      (await selectClasses(dataset, { selection, excluded })).classes;
    expect(await chosen('all')).toHaveLength(6);
    expect(await chosen('first:2')).toEqual(['Ant', 'bee']);
    expect(await chosen('last:2')).toEqual(['zebra', 'élan']);
    expect(await chosen('first:2', ['Ant'])).toEqual(['bee', 'cat']);
    const list = join(root, 'list.txt');
    await writeFile(list, 'dog\r\n\nAnt\n');
    const picked = await selectClasses(dataset, { selection: list, excluded: none });
    expect(picked.classes).toEqual(['Ant', 'dog']);
    expect(picked.examples).toHaveLength(4);
  });

  it.each([
    ['first:0', none, /1 to 6 classes/],
    ['last:7', none, /1 to 6 classes/],
    ['first:x', none, /first:N, last:N or a file/],
    ['all', ['unicorn'], /no class "unicorn"/],
  ])('refuse the selection %s without %j', async (selection, excluded, message) => {
    await expect(selectClasses(dataset, { selection, excluded })).rejects.toThrow(message);
  });

  it('are held out whole, by the seed', () => {
    const split = (seed: number) => holdOutClasses(dataset, { share: 0.34, seed });
    const { training, validation } = split(1);
    expect(validation.classes).toHaveLength(2);
    expect([...training.classes, ...validation.classes].sort()).toEqual([...dataset.classes].sort());
    for (const { label } of validation.examples) expect(training.classes).not.toContain(label);
    expect(split(1)).toEqual(split(1));
    const draws = new Set([1, 2, 3, 4, 5, 6].map(seed => split(seed).validation.classes.join()));
    expect(draws.size).toBeGreaterThan(1);
    expect(holdOutClasses(dataset, { share: 0, seed: 0 }).validation.examples).toEqual([]);
    expect(() => holdOutClasses(dataset, { share: 0.9, seed: 0 })).toThrow(/held out/);
  });
});
