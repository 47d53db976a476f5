import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import {
  type Manifest,
  manifestSchema,
  modelId,
  type Pooling,
  saveModel,
  sha256,
} from '../../src/embed/manifest.js';
import { poolTokens } from '../../src/embed/pool-tokens.js';
import { FeatureExtractor, type FeatureExtractorOptions } from '../../src/features/feature-extractor.js';
import { normalise } from '../../src/math/vectors.js';
import { createPicture } from '../fixtures/images.js';
import {
  encodeTinyBackbone,
  type TinyBackboneOptions,
  tinyPreprocessing,
} from '../fixtures/tiny-backbone.js';

describe('the tokens of a picture', () => {
  // Two pictures, three tokens, two numbers.
  const tokens = Float32Array.of(1, 2, 3, 4, 5, 9, -1, 0, 7, 7, 0, 2);

  it('are pooled to the first, or to their mean, of each picture by itself', () => {
    expect(poolTokens(tokens, [2, 3, 2], 'cls')).toEqual([Float32Array.of(1, 2), Float32Array.of(-1, 0)]);
    expect(poolTokens(tokens, [2, 3, 2], 'mean')).toEqual([Float32Array.of(3, 5), Float32Array.of(2, 3)]);
  });

  it('are not what the rows that were pooled change with', () => {
    const own = tokens.slice();
    const [row] = poolTokens(own, [2, 3, 2], 'cls');
    own.fill(0);
    expect(row).toEqual(Float32Array.of(1, 2));
  });
});

describe('a model that answers with tokens', () => {
  let folder: string;
  let written = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-tokens-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const manifestOf = (bytes: Uint8Array, pooling?: Pooling, dimension = 6): Manifest =>
    manifestSchema.parse({
      formatVersion: 1,
      ...{ name: 'tokens', createdAt: '2024-01-01T00:00:00Z', input: 'image', output: 'features', dimension },
      ...(pooling === undefined ? {} : { pooling }),
      weights: { file: 'model.onnx', sha256: sha256(bytes), parameters: 0 },
      preprocessing: tinyPreprocessing,
      architecture: { network: 'tiny', options: {} },
      metrics: {},
    });
  const save = async (options: TinyBackboneOptions, pooling?: Pooling): Promise<string> => {
    const bytes = encodeTinyBackbone(options);
    const directory = join(folder, String(written++));
    await saveModel(directory, manifestOf(bytes, pooling), bytes);
    return directory;
  };
  const pictures = () => Promise.all([1, 2, 3].map(seed => createPicture(seed)));
  const embedWith = async (directory: string): Promise<Float32Array[]> => {
    const embedder = await OnnxEmbedder.open(directory, { threads: 1 });
    const embeddings = await embedder.embed(await pictures());
    await embedder.close();
    return embeddings;
  };
  const extractWith = async (path: string, options: FeatureExtractorOptions = {}) => {
    const extractor = await FeatureExtractor.open(path, { threads: 1, ...options });
    const decoded = await Promise.all((await pictures()).map(image => extractor.decode(image)));
    const named = decoded.map((pixels, i) => ({ path: `${i}`, pixels }));
    const rows = await extractor.extract(named, 'centre');
    await extractor.close();
    return { rows, id: extractor.id, dimension: extractor.dimension };
  };
  const near = (actual: readonly Float32Array[], expected: readonly Float32Array[]): void => {
    expect(actual.map(row => row.length)).toEqual(expected.map(row => row.length));
    for (const [i, row] of expected.entries()) {
      for (const [d, value] of row.entries()) expect(actual[i][d]).toBeCloseTo(value, 5);
    }
  };

  it.each(['n', 2])(
    'embeds by their mean what the model would by averaging them itself: %s at once',
    async count => {
      near(await embedWith(await save({ rank: 3, count }, 'mean')), await embedWith(await save({ rank: 2 })));
    },
  );

  it('embeds by the first of them, of unit length, and is a backbone alike', async () => {
    const directory = await save({ rank: 3 }, 'cls');
    const { rows } = await extractWith(directory);
    near(
      await embedWith(directory),
      rows.map(row => normalise(row.slice())),
    );
    // The first token is the corner of the picture: a picture that is changed elsewhere has the same.
    const extractor = await FeatureExtractor.open(directory, { threads: 1 });
    const pixels = await extractor.decode(await createPicture(1));
    const changed = pixels.slice();
    changed.fill(0, changed.length / 2);
    const [first, same] = await extractor.extract(
      [
        { path: '', pixels },
        { path: '', pixels: changed },
      ],
      'centre',
    );
    expect(same).toEqual(first);
    expect(first).toEqual(rows[0]);
    await extractor.close();
  });

  it('is told how to pool where it has no manifest, and is another extractor for each way', async () => {
    const path = join(folder, 'alone.onnx');
    await writeFile(path, encodeTinyBackbone({ rank: 3 }));
    const preprocessing = tinyPreprocessing;
    const [cls, mean] = [
      await extractWith(path, { preprocessing, pooling: 'cls' }),
      await extractWith(path, { preprocessing, pooling: 'mean' }),
    ];
    expect(mean.dimension).toBe(6);
    expect(mean.id).not.toBe(cls.id);
    near(mean.rows, (await extractWith(await save({ rank: 2 }))).rows);
    await expect(extractWith(path, { preprocessing })).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringMatching(
        /or a pooling for tokens \[n, t, d\]; got float32 features \[n, tokens, 6\]/,
      ),
    });
    await expect(extractWith(await save({ rank: 3 }, 'cls'), { pooling: 'mean' })).rejects.toMatchObject({
      code: 'invalid-option',
      field: 'pooling',
    });
  });

  it('is refused without a pooling, and one of rows with one, saying what came', async () => {
    await expect(save({ rank: 3 }).then(embedWith)).rejects.toThrow(
      /expected float32 \[3, d\] from .*, got float32 \[3,16,6\]: tokens, for which a pooling is to be given/,
    );
    await expect(save({ rank: 2 }, 'cls').then(embedWith)).rejects.toThrow(
      /expected float32 \[3, tokens, d\] from .*, got float32 \[3,6\]$/,
    );
    await mkdir(join(folder, 'rows'));
    await writeFile(join(folder, 'rows', 'model.onnx'), encodeTinyBackbone());
    await expect(
      extractWith(join(folder, 'rows'), { preprocessing: tinyPreprocessing, pooling: 'cls' }),
    ).rejects.toThrow(/expected an output of tokens float32 \[n, t, d\] to be pooled; got float32 features/);
  });

  it('has an id of its own for each way, and without any the one it always had', () => {
    const bytes = encodeTinyBackbone();
    const ids = [undefined, 'cls', 'mean'].map(pooling => modelId(manifestOf(bytes, pooling as Pooling)));
    expect(new Set(ids).size).toBe(3);
    const { weights, input, output, dimension, preprocessing } = manifestOf(bytes);
    const known = sha256(JSON.stringify([weights.sha256, input, output, dimension, preprocessing])).slice(
      0,
      16,
    );
    expect(ids[0]).toBe(`tokens@${known}`);
  });
});
