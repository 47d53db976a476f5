import { copyFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { FeatureCache } from '../../src/features/feature-cache.js';
import { FeatureExtractor } from '../../src/features/feature-extractor.js';
import { type FeatureSetOptions, readFeatureSet } from '../../src/features/read-feature-set.js';
import { readImageSet } from '../../src/train/image-set.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { encodeTinyBackbone, tinyPreprocessing } from '../fixtures/tiny-backbone.js';

const count = 40;
const all = Array.from({ length: count }, (_, i) => i);

describe('reading a feature set', () => {
  let folder: string;
  let dataset: Dataset;
  let extractor: FeatureExtractor;
  const openCache = (): Promise<FeatureCache> =>
    FeatureCache.open(join(folder, 'cache'), extractor, {
      onNotice: message => expect.fail(message),
    });
  const read = async (options: Partial<FeatureSetOptions> = {}, examples = dataset.examples) =>
    readFeatureSet(
      { examples },
      { extractor, cache: await openCache(), views: 1, signal: new AbortController().signal, ...options },
    );
  const rowsOf = (block: Float32Array): Float32Array[] =>
    Array.from({ length: block.length / extractor.dimension }, (_, i) =>
      block.slice(i * extractor.dimension, (i + 1) * extractor.dimension),
    );

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-feature-set-'));
    await createClassFolders(join(folder, 'data'), { classes: 5, images: 8 });
    dataset = await classFolders.read(join(folder, 'data'));
    await writeFile(join(folder, 'backbone.onnx'), encodeTinyBackbone());
    extractor = await FeatureExtractor.open(join(folder, 'backbone.onnx'), {
      preprocessing: tinyPreprocessing,
      threads: 1,
    });
  });
  afterEach(async () => {
    await extractor.close();
    await rm(folder, { recursive: true });
  });

  it('has the order, the labels and the hash of the images', async () => {
    const images = await readImageSet(dataset, {
      preprocessing: tinyPreprocessing,
      side: tinyPreprocessing.resize,
      augmentation: { cropScale: 0, scaledShare: 1, colourJitter: 0, degradedShare: 0 },
      signal: new AbortController().signal,
    });
    const features = await read();
    expect(features.set.labels).toEqual(images.set.labels);
    expect([features.sha256, features.classes]).toEqual([images.sha256, images.classes]);
    expect(features.examples.map(({ label }) => label)).toEqual(
      [...features.set.labels].map(label => features.classNames[label]),
    );
    expect(features.classNames).toEqual(dataset.classes);
  });

  it('answers the features of each example, cold and warm to the last bit', async () => {
    const decode = vi.spyOn(extractor, 'decode');
    const cold = await read();
    expect(decode).toHaveBeenCalledTimes(count);
    const warm = await read();
    expect(decode).toHaveBeenCalledTimes(count);
    const block = await cold.set.load(all);
    expect(await warm.set.load(all)).toEqual(block);
    expect([warm.sha256, warm.examples, warm.dimension]).toEqual([cold.sha256, cold.examples, 6]);
    for (const i of [0, 17, 39]) {
      const pixels = await extractor.decode(await readFile(cold.examples[i].path));
      const [row] = await extractor.extract([{ path: '', pixels }], 'centre');
      for (const [d, value] of row.entries()) expect(rowsOf(block)[i][d]).toBeCloseTo(value, 5);
    }
    expect(rowsOf(await cold.set.load([39, 0, 39]))).toEqual([39, 0, 39].map(i => rowsOf(block)[i]));
  });

  it('knows a picture by its bytes: renamed or twice there, it is not decoded again', async () => {
    await read();
    const [first, second] = dataset.examples.map(({ path }) => path);
    await rename(first, join(folder, 'data/class-00/other.png'));
    await copyFile(second, join(folder, 'data/class-04/twin.png'));
    const decode = vi.spyOn(extractor, 'decode');
    const changed = await classFolders.read(join(folder, 'data'));
    const { examples, set } = await read({}, changed.examples);
    expect(decode).not.toHaveBeenCalled();
    const twins = all.concat(count).filter(i => examples[i].path === second || /twin/.test(examples[i].path));
    expect(twins).toHaveLength(2);
    const [a, b] = rowsOf(await set.load(twins));
    expect(a).toEqual(b);
  });

  it('draws one of two views by the seed, and embeds the centre', async () => {
    const one = await read();
    const two = await read({ views: 2 });
    const centre = rowsOf(await one.set.load(all));
    expect(rowsOf(await two.set.load(all))).toEqual(centre);
    expect(rowsOf(await one.set.loadVaried(all, 'seed'))).toEqual(centre);
    const varied = rowsOf(await two.set.loadVaried(all, 'seed'));
    expect(rowsOf(await two.set.loadVaried(all, 'seed'))).toEqual(varied);
    expect(rowsOf(await two.set.loadVaried(all, 'other'))).not.toEqual(varied);
    const mirrored = all.filter(i => varied[i].some((value, d) => value !== centre[i][d]));
    expect(mirrored.length).toBeGreaterThan(count / 4);
    expect(mirrored.length).toBeLessThan((3 * count) / 4);
    const [i] = mirrored;
    const pixels = await extractor.decode(await readFile(two.examples[i].path));
    const [expected] = await extractor.extract([{ path: '', pixels }], 'mirrored');
    for (const [d, value] of expected.entries()) expect(varied[i][d]).toBeCloseTo(value, 5);
  });

  it('leaves broken images out, naming them, cached or not', async () => {
    const [cut, empty, gone] = dataset.examples.map(({ path }) => path);
    const good = dataset.examples.slice(3);
    await read({}, good.slice(0, 20));
    await truncate(cut, 100);
    await writeFile(empty, '');
    await rm(gone);
    for (const _ of ['cold', 'warm']) {
      const { failed, examples, set } = await read();
      expect(failed.map(({ path }) => path).sort()).toEqual([cut, empty, gone]);
      expect(new Set(examples)).toEqual(new Set(good));
      expect(rowsOf(await set.load(all.slice(0, count - 3)))).toHaveLength(count - 3);
    }
  });

  it('tells how far it is, counting what is cached at once', async () => {
    await read({}, dataset.examples.slice(0, 5));
    const told: number[] = [];
    await read({ onProgress: done => told.push(done) });
    expect(told).toEqual([5, 37, 40]);
  });

  it('stops on request with what it has in the cache, and goes on from there', async () => {
    const controller = new AbortController();
    const stopped = read({
      signal: controller.signal,
      onProgress: done => done > 0 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    const decode = vi.spyOn(extractor, 'decode');
    await read();
    expect(decode).toHaveBeenCalledTimes(count - 32);
    await expect(read({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('keeps what is finite of features that are not, and names the picture', async () => {
    const path = join(folder, 'logarithm.onnx');
    await writeFile(path, encodeTinyBackbone({ logarithm: true }));
    await extractor.close();
    extractor = await FeatureExtractor.open(path, { preprocessing: tinyPreprocessing });
    const black = join(folder, 'data/class-04/7.png');
    await sharp({ create: { width: 8, height: 8, channels: 3, background: 'black' } }).toFile(black);
    const error = await read().catch(failure => failure);
    expect(error).toMatchObject({ code: 'invalid-model' });
    expect(error.message).toContain(black);
    expect(await readdir(join(folder, 'cache', extractor.id))).toHaveLength(1);
    const decode = vi.spyOn(extractor, 'decode');
    await read({}, dataset.examples.slice(0, 39));
    expect(decode).toHaveBeenCalledTimes(39 - 32);
  });
});
