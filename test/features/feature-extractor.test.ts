import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import type { MedoidError } from '../../src/errors.js';
import { FeatureExtractor, type FeatureExtractorOptions } from '../../src/features/feature-extractor.js';
import type { Preprocessing } from '../../src/images/preprocessing.js';
import { normalise } from '../../src/math/vectors.js';
import { extendOnnxGraph } from '../../src/train/extend-onnx-graph.js';
import { createPicture } from '../fixtures/images.js';
import {
  encodeTinyBackbone,
  type TinyBackboneOptions,
  tinyPreprocessing,
  withExternalData,
} from '../fixtures/tiny-backbone.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe('the feature extractor', () => {
  let folder: string;
  let files = 0;
  const write = async (bytes: Uint8Array): Promise<string> => {
    const path = join(folder, `${files++}.onnx`);
    await writeFile(path, bytes);
    return path;
  };
  const open = async (
    model: TinyBackboneOptions = {},
    options: FeatureExtractorOptions = {},
  ): Promise<FeatureExtractor> =>
    FeatureExtractor.open(await write(encodeTinyBackbone(model)), {
      preprocessing: tinyPreprocessing,
      threads: 1,
      ...options,
    });
  const picturesOf = (extractor: FeatureExtractor, seeds: readonly number[]) =>
    Promise.all(
      seeds.map(async seed => ({
        path: `${seed}.png`,
        pixels: await extractor.decode(await createPicture(seed)),
      })),
    );
  const failure = (promise: Promise<unknown>): Promise<MedoidError> =>
    promise.then(
      () => expect.fail('expected an error'),
      error => error,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-features-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('answers the mean of what a convolution finds, of each channel where the model wants it', async () => {
    // A filter a colour: the mean of blue, of green and of red over the centre, in the model's order and scale.
    const size = 8 * 8;
    const filter = Float32Array.from({ length: 3 * 3 * size }, (_, i) =>
      Math.floor(i / (3 * size)) === Math.floor(i / size) % 3 ? 1 / size : 0,
    );
    const colours = extendOnnxGraph(encodeTinyBackbone({ output: 'unused' }), {
      initializers: [{ name: 'colours', dims: [3, 3, 8, 8], data: filter }],
      nodes: [
        { operator: 'Conv', inputs: ['image', 'colours'], output: 'cells', attributes: { strides: [8, 8] } },
        { operator: 'GlobalAveragePool', inputs: ['cells'], output: 'means', attributes: {} },
      ],
      outputs: [{ name: 'means', dims: ['n', 3, 1, 1] }],
    });
    const extractor = await FeatureExtractor.open(await write(colours), {
      preprocessing: { ...tinyPreprocessing, mean: [10, 20, 30] },
      output: 'means',
    });
    const image = await sharp({
      create: { width: 9, height: 9, channels: 3, background: { r: 200, g: 100, b: 50 } },
    })
      .png()
      .toBuffer();
    const [row] = await extractor.extract([{ path: '', pixels: await extractor.decode(image) }], 'centre');
    const expected = [(50 - 10) / 100, (100 - 20) / 90, (200 - 30) / 80];
    expect(row).toHaveLength(3);
    for (const [i, value] of expected.entries()) expect(row[i]).toBeCloseTo(value, 5);
    await extractor.close();
  });

  it('does not normalise, and is otherwise the embedder of a model directory', async () => {
    const directory = await createTinyModel(join(folder, 'model'), { dimension: 16 });
    const extractor = await FeatureExtractor.open(directory);
    const embedder = await OnnxEmbedder.open(directory);
    const pictures = await picturesOf(extractor, [1, 2]);
    const embedded = await embedder.embedPixels(pictures.map(({ pixels }) => pixels));
    expect(await extractor.extract(pictures, 'centre')).toEqual(embedded);
    expect(extractor.preprocessing).toEqual(embedder.preprocessing);
    await extractor.close();
    await embedder.close();
    const plain = await open();
    const [row] = await plain.extract(await picturesOf(plain, [1]), 'centre');
    expect(row).not.toEqual(normalise(row.slice()));
    await plain.close();
  });

  it('sees the mirrored view as the centre of the mirrored picture', async () => {
    const extractor = await open();
    const image = await createPicture(5);
    const pixels = await extractor.decode(image);
    // The pixels are mirrored, not the file: resizing is not exactly symmetric.
    const side = tinyPreprocessing.resize;
    const mirrored = pixels.map((_, i) => {
      const [row, column, channel] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side, i % 3];
      return pixels[(row * side + side - 1 - column) * 3 + channel];
    });
    const [[actual], [expected], [centre]] = [
      await extractor.extract([{ path: '', pixels }], 'mirrored'),
      await extractor.extract([{ path: '', pixels: mirrored }], 'centre'),
      await extractor.extract([{ path: '', pixels }], 'centre'),
    ];
    expect(actual).toEqual(expected);
    expect(actual).not.toEqual(centre);
    await extractor.close();
  });

  it.each([2, 4] as const)('takes an output of rank %d, and finds its length by running it', async rank => {
    const extractor = await open({ rank, dimension: 7 });
    expect([extractor.input, extractor.output, extractor.dimension]).toEqual(['image', 'features', 7]);
    const same = await open({ rank: 2, dimension: 7 });
    const pictures = await picturesOf(same, [1, 2, 3]);
    expect(await extractor.extract(pictures, 'centre')).toEqual(await same.extract(pictures, 'centre'));
    await extractor.close();
    await same.close();
  });

  it.each([1, 2])('runs a model that takes %d at a time as often as it needs', async count => {
    const fixed = await open({ count });
    const free = await open();
    const pictures = await picturesOf(free, [1, 2, 3]);
    const [actual, expected] = [
      await fixed.extract(pictures, 'centre'),
      await free.extract(pictures, 'centre'),
    ];
    expect(actual).toHaveLength(3);
    for (const [i, row] of expected.entries()) {
      for (const [d, value] of row.entries()) expect(actual[i][d]).toBeCloseTo(value, 5);
    }
    await fixed.close();
    await free.close();
  });

  it('has an id of weights, output and preprocessing', async () => {
    const { preprocessing } = { preprocessing: tinyPreprocessing };
    const variants: [TinyBackboneOptions, FeatureExtractorOptions][] = [
      [{}, {}],
      [{ seed: 1 }, {}],
      [{}, { preprocessing: { ...preprocessing, resize: 37 } }],
      [{ copies: ['copy'] }, { output: 'features' }],
      [{ copies: ['copy'] }, { output: 'copy' }],
    ];
    const ids: string[] = [];
    for (const [model, options] of variants) {
      const extractor = await open(model, options);
      ids.push(extractor.id);
      await extractor.close();
    }
    expect(new Set(ids).size).toBe(variants.length);
    const { resize, ...rest } = preprocessing;
    const again = await open({}, { preprocessing: { ...rest, resize } });
    expect(again.id).toBe(ids[0]);
    await again.close();
  });

  it('opens a folder with one ONNX file, and says what is there when it is not one', async () => {
    const directory = join(folder, 'hub');
    await mkdir(directory);
    await writeFile(join(directory, 'README.md'), 'a model');
    const options = { preprocessing: tinyPreprocessing };
    expect((await failure(FeatureExtractor.open(directory, options))).message).toMatch(/got none$/);
    await writeFile(join(directory, 'b.onnx'), encodeTinyBackbone());
    await (await FeatureExtractor.open(directory, options)).close();
    await writeFile(join(directory, 'a.onnx'), encodeTinyBackbone());
    const error = await failure(FeatureExtractor.open(directory, options));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(/got a\.onnx, b\.onnx$/);
    expect((await failure(FeatureExtractor.open(join(folder, 'none'), options))).code).toBe('file-not-found');
  });

  it('wants preprocessing for a file, and refuses it for a model directory', async () => {
    const path = await write(encodeTinyBackbone());
    expect(await failure(FeatureExtractor.open(path))).toMatchObject({
      code: 'invalid-option',
      field: 'preprocessing',
    });
    const model = await createTinyModel(join(folder, 'with-manifest'));
    const refused = failure(FeatureExtractor.open(model, { preprocessing: tinyPreprocessing }));
    expect(await refused).toMatchObject({ code: 'invalid-option', field: 'preprocessing' });
    for (const wrong of [{ ...tinyPreprocessing, crop: 40 }, { ...tinyPreprocessing, mean: [1, 2] }, {}]) {
      const options = { preprocessing: wrong as Preprocessing };
      expect((await failure(FeatureExtractor.open(path, options))).code).toBe('invalid-option');
    }
  });

  it('names the outputs where it cannot know which are the features', async () => {
    const several = await failure(open({ copies: ['other'] }));
    expect(several.message).toMatch(/be told which \(output\); got float32 features \[n, 6\]; float32 other/);
    const wrong = await failure(open({}, { output: 'nothing' }));
    expect(wrong.message).toMatch(/an output named nothing; got float32 features \[n, 6\]$/);
    const maps = extendOnnxGraph(encodeTinyBackbone({ rank: 4 }), {
      nodes: [],
      initializers: [],
      outputs: [{ name: 'positive', dims: ['n', 6, 'h', 'w'] }],
    });
    // The features have sides that are known to be 1, the others may have.
    const options = { preprocessing: tinyPreprocessing };
    const unclear = await failure(FeatureExtractor.open(await write(maps), options));
    expect(unclear.message).toMatch(/float32 positive \[n, 6, h, w\]/);
    const path = await write(maps);
    const map = await failure(FeatureExtractor.open(path, { ...options, output: 'positive' }));
    expect(map.message).toMatch(/expected float32 \[1, d\] from .*, got float32 \[1,6,4,4\]/);
  });

  it('names both sides where the model and the preprocessing disagree', async () => {
    expect((await failure(open({ side: 64 }))).message).toMatch(
      /expected an input float32 \[n, 3, 32, 32\], as the preprocessing crops to 32, got float32 image \[n, 3, 64, 64\]/,
    );
    await (await open({ side: 32 })).close();
  });

  it('refuses a model with weights in another file, before ONNX Runtime looks for it', async () => {
    const path = await write(withExternalData(encodeTinyBackbone(), 'filter.far'));
    const error = await failure(FeatureExtractor.open(path, { preprocessing: tinyPreprocessing }));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(/another \(filter\.far\): save it as one file/);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a text', Buffer.from('version https://git-lfs.github.com/spec/v1\n'.repeat(40))],
    ['a part of a model', encodeTinyBackbone().slice(0, 900)],
    ['bytes that never end', new Uint8Array(4096).fill(0xff)],
  ])('refuses %s', async (_, bytes) => {
    const path = await write(bytes);
    const error = await failure(FeatureExtractor.open(path, { preprocessing: tinyPreprocessing }));
    expect(error.code).toBe('invalid-model');
  });

  it('names the picture whose features are not finite', async () => {
    const extractor = await open({ logarithm: true });
    const [fine] = await picturesOf(extractor, [1]);
    const black = { path: 'black.png', pixels: new Uint8Array(3 * tinyPreprocessing.resize ** 2) };
    expect(await extractor.extract([fine], 'centre')).toHaveLength(1);
    const error = await failure(extractor.extract([fine, black], 'centre'));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(/of black\.png .*not finite/);
    await extractor.close();
  });

  it('hands out the weights only while they are those of its features', async () => {
    const path = await write(encodeTinyBackbone());
    const extractor = await FeatureExtractor.open(path, { preprocessing: tinyPreprocessing });
    expect(Buffer.from(await extractor.readWeights()).equals(encodeTinyBackbone())).toBe(true);
    await writeFile(path, encodeTinyBackbone({ seed: 1 }));
    expect((await failure(extractor.readWeights())).message).toMatch(/has changed/);
    await extractor.close();
  });
});
