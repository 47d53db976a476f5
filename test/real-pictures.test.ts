import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classFolders } from '../src/datasets/class-folders.js';
import { datasets } from '../src/datasets/index.js';
import { readExample } from '../src/datasets/read-example.js';
import { selectClasses } from '../src/datasets/select-classes.js';
import { selectSplits } from '../src/datasets/select-split.js';
import { verifyDataset } from '../src/datasets/verify-dataset.js';
import { colourHistogram } from '../src/embed/colour-histogram.js';
import { OnnxEmbedder } from '../src/embed/embedder.js';
import { embedExamples } from '../src/evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../src/evaluation/evaluate-embeddings.js';
import { Gallery } from '../src/gallery/gallery.js';
import { importImages } from '../src/gallery/import-images.js';
import { openSource } from '../src/gallery/open-source.js';
import { inspectImage } from '../src/images/decode.js';
import { dot } from '../src/math/vectors.js';

const root = resolve(import.meta.dirname, '..');
const data = resolve(root, process.env.MEDOID_DATA ?? '../shared/data');
const model = join(root, 'models', 'demo');
const isThere = existsSync(data);
if (!isThere)
  process.stderr.write(
    `no real pictures: MEDOID_DATA or ${data} would hold them; their tests are left out\n`,
  );

const orientations = isThere
  ? readdirSync(join(data, 'exif-orientation')).filter(name => name.endsWith('.jpg'))
  : [];

describe.skipIf(!isThere)('real pictures', () => {
  let embedder: OnnxEmbedder;
  let folder: string;
  beforeAll(async () => {
    embedder = await OnnxEmbedder.open(model);
    folder = await mkdtemp(join(tmpdir(), 'medoid-real-'));
  });
  afterAll(async () => {
    await embedder.close();
    await rm(folder, { recursive: true });
  });

  it.each(['Landscape', 'Portrait'])('embed alike in every EXIF orientation: %s', async kind => {
    const names = orientations.filter(name => name.toLowerCase().startsWith(kind.toLowerCase())).sort();
    expect(names.length).toBeGreaterThanOrEqual(8);
    const images = await Promise.all(names.map(name => readFile(join(data, 'exif-orientation', name))));
    const [first, ...others] = await embedder.embed(images);
    // Each is a JPEG of its own, so not bit for bit.
    for (const vector of others) expect(dot(first, vector)).toBeGreaterThan(0.98);
  });

  it('are all read, indexed and found again by themselves', async () => {
    const source = await openSource(join(data, 'caltech101', 'accordion'), { labelFrom: 'none' });
    const gallery = await Gallery.open(join(folder, 'gallery'), { access: 'write', create: true });
    const collection = await gallery.createCollection('default', model);
    const report = await importImages(collection, source, { batchSize: 32 });
    expect(report).toMatchObject({ added: source.images.length, failed: [] });
    for (const { path, key } of source.images.slice(0, 10)) {
      const { results } = await collection.searchByImage(await readFile(path), { k: 1 });
      expect(results[0].item.key).toBe(key);
      expect(results[0].distance).toBeLessThan(1e-3);
    }
    await gallery.close();
  });

  it('of classes never seen are found by the general model as its card says', async () => {
    const everything = await classFolders.read(join(data, 'caltech101'));
    const excluded = ['BACKGROUND_Google', 'Faces_easy'];
    const { examples } = await selectClasses(everything, { selection: 'last:50', excluded });
    const general = await OnnxEmbedder.open(join(root, 'models', 'general'));
    const { signal } = new AbortController();
    const { block, labels } = await embedExamples(examples, general, { signal });
    await general.close();
    const { recallAt, mapAtR } = await evaluateEmbeddings(block, labels, { ks: [1], seed: 0 });
    const card = await readFile(join(root, 'models', 'general', 'README.md'), 'utf8');
    const row = card
      .slice(card.indexOf('| Caltech-101 |'))
      .match(/\*\*general\*\*[^|]*\|(.*)\|/)?.[1]
      .split('|');
    // Another processor rounds otherwise.
    expect(Math.abs(recallAt[1] - Number(row?.[0]))).toBeLessThan(0.005);
    expect(Math.abs(mapAtR - Number(row?.[4]))).toBeLessThan(0.005);
  });

  it('are told apart by a colour histogram better than by chance', async () => {
    const everything = await classFolders.read(join(data, 'caltech101'));
    const { examples } = await selectClasses(everything, { selection: 'last:6', excluded: [] });
    const { signal } = new AbortController();
    const { block, labels, failed } = await embedExamples(examples, colourHistogram, { signal });
    expect(failed).toEqual([]);
    const { recallAt, mapAtR } = await evaluateEmbeddings(block, labels, { ks: [1], seed: 0 });
    const sizes = new Map<number, number>();
    for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    const chance = [...sizes.values()].reduce((sum, n) => sum + (n / labels.length) ** 2, 0);
    expect(recallAt[1]).toBeGreaterThan(chance);
    expect(mapAtR).toBeLessThan(recallAt[1]);
  });
});

const readerOf = (name: string) => {
  const reader = datasets.find(dataset => dataset.name === name);
  if (reader === undefined) throw new Error(`no layout ${name}`);
  return reader;
};
const isWhole = (name: string): boolean => existsSync(join(data, name));

describe.skipIf(!isWhole('cub-200-2011'))('CUB-200-2011', () => {
  it('has exactly the published counts, and every image', async () => {
    expect(await verifyDataset(readerOf('cub-200-2011'), join(data, 'cub-200-2011'))).toEqual({
      splits: [
        {
          split: 'train',
          classes: 100,
          images: 5864,
          published: { classes: 100, images: 5864 },
          agrees: true,
        },
        {
          split: 'test',
          classes: 100,
          images: 5924,
          published: { classes: 100, images: 5924 },
          agrees: true,
        },
      ],
      missing: [],
      agrees: true,
    });
  });
});

describe.skipIf(!isWhole('omniglot'))('Omniglot', () => {
  it('is read from its archives, every drawing 105 × 105', async () => {
    const reader = readerOf('omniglot');
    const verification = await verifyDataset(reader, join(data, 'omniglot'));
    expect(verification).toMatchObject({ agrees: true, missing: [] });
    expect(verification.splits.map(({ classes, images }) => [classes, images])).toEqual([
      [136, 2720],
      [156, 3120],
    ]);
    const dataset = await reader.read(join(data, 'omniglot'));
    const { examples } = selectSplits(dataset, ['test']);
    expect(examples[0].label).toBe('Greek/character01');
    for (const example of examples.filter((_, i) => i % 100 === 0)) {
      const { format, width, height } = await inspectImage(await readExample(example));
      expect({ format, width, height }).toEqual({ format: 'png', width: 105, height: 105 });
    }
  });

  it('is told apart by the shipped model better than by chance', async () => {
    const embedder = await OnnxEmbedder.open(model);
    try {
      const test = selectSplits(await readerOf('omniglot').read(join(data, 'omniglot')), ['test']);
      const { examples } = await selectClasses(test, { selection: 'first:10', excluded: [] });
      const { signal } = new AbortController();
      const { block, labels, failed } = await embedExamples(examples, embedder, { signal });
      expect(failed).toEqual([]);
      expect((await evaluateEmbeddings(block, labels, { ks: [1], seed: 0 })).recallAt[1]).toBeGreaterThan(
        0.2,
      );
    } finally {
      await embedder.close();
    }
  });
});

describe.skipIf(!isWhole('grocery'))('the Grocery Store dataset', () => {
  it('has 41 classes to train with and 40 to test on, and every image', async () => {
    const { splits, missing } = await verifyDataset(readerOf('grocery'), join(data, 'grocery'));
    expect(missing).toEqual([]);
    expect(splits.map(({ split, classes, images }) => [split, classes, images])).toEqual([
      ['train', 41, 3051],
      ['test', 40, 2370],
    ]);
  });
});
