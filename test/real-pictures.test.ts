import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classFolders } from '../src/datasets/class-folders.js';
import { selectClasses } from '../src/datasets/select-classes.js';
import { colourHistogram } from '../src/embed/colour-histogram.js';
import { OnnxEmbedder } from '../src/embed/embedder.js';
import { embedExamples } from '../src/evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../src/evaluation/evaluate-embeddings.js';
import { Gallery } from '../src/gallery/gallery.js';
import { importImages } from '../src/gallery/import-images.js';
import { openSource } from '../src/gallery/open-source.js';
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
      const { results } = await collection.search(await readFile(path), { k: 1 });
      expect(results[0].item.key).toBe(key);
      expect(results[0].distance).toBeLessThan(1e-3);
    }
    await gallery.close();
  });

  it('are told apart by a colour histogram better than by chance', async () => {
    const everything = await classFolders.read(join(data, 'caltech101'));
    const { examples } = await selectClasses(everything, { selection: 'last:6', excluded: [] });
    const { signal } = new AbortController();
    const { block, labels, failed } = await embedExamples(examples, colourHistogram, { signal });
    expect(failed).toEqual([]);
    const { recallAt, mapAtR } = evaluateEmbeddings(block, labels, { ks: [1], seed: 0 });
    const sizes = new Map<number, number>();
    for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    const chance = [...sizes.values()].reduce((sum, n) => sum + (n / labels.length) ** 2, 0);
    expect(recallAt[1]).toBeGreaterThan(chance);
    expect(mapAtR).toBeLessThan(recallAt[1]);
  });
});
