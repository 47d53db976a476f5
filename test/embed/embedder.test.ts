import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import {
  type CropCount,
  type CropWindow,
  cropCounts,
  cropWindows,
  defaultPreprocessing,
} from '../../src/images/preprocessing.js';
import { createRandom } from '../../src/math/random.js';
import { dot, normalise } from '../../src/math/vectors.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const plain = (colour: { r: number; g: number; b: number }): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: colour } })
    .png()
    .toBuffer();

describe('OnnxEmbedder', () => {
  let folder: string;
  let embedder: OnnxEmbedder;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-embed-'));
    embedder = await OnnxEmbedder.open(await createTinyModel(join(folder, 'model')), { threads: 1 });
  });
  afterAll(async () => {
    await embedder.close();
    await rm(folder, { recursive: true });
  });

  it('answers unit vectors, near for images alike and far for others', async () => {
    const images = [
      await plain({ r: 250, g: 10, b: 10 }),
      await plain({ r: 240, g: 20, b: 15 }),
      await plain({ r: 10, g: 10, b: 250 }),
    ];
    const [red, reddish, blue] = await embedder.embed(images);
    for (const vector of [red, reddish, blue]) expect(dot(vector, vector)).toBeCloseTo(1, 5);
    expect(dot(red, reddish)).toBeGreaterThan(0.95);
    expect(dot(red, blue)).toBeLessThan(0.8);
  });

  it('answers the same in a batch as alone', async () => {
    const images = [await plain({ r: 1, g: 200, b: 30 }), await plain({ r: 90, g: 0, b: 130 })];
    const together = await embedder.embed(images);
    for (const [i, image] of images.entries()) {
      const [alone] = await embedder.embed([image]);
      for (const [d, value] of alone.entries()) expect(together[i][d]).toBeCloseTo(value, 5);
    }
  });
});

describe('several crops of an image', () => {
  const resize = 40;
  const side = 32;
  let folder: string;
  let model: string;
  const openWith = (crops: CropCount) => OnnxEmbedder.open(model, { threads: 1, crops });
  const embedWith = async (crops: CropCount, pixels: readonly Uint8Array[]): Promise<Float32Array[]> => {
    const embedder = await openWith(crops);
    const embeddings = await embedder.embedPixels(pixels);
    await embedder.close();
    return embeddings;
  };
  const random = createRandom('crops');
  const noise = (): Uint8Array => Uint8Array.from({ length: 3 * resize * resize }, () => random.integer(256));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-crops-'));
    model = await createTinyModel(join(folder, 'model'), { resize });
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The window as an image of its own, put where the centre crop finds it. */
  const cutOut = (pixels: Uint8Array, { top, left, mirror }: CropWindow): Uint8Array => {
    const image = new Uint8Array(pixels.length);
    const margin = (resize - side) / 2;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const column = left + (mirror ? side - 1 - x : x);
        const from = 3 * ((top + y) * resize + column);
        image.set(pixels.subarray(from, from + 3), 3 * ((margin + y) * resize + margin + x));
      }
    }
    return image;
  };

  it.each([2, 5, 10] as const)('have the mean of their unit embeddings, of unit length: %i', async crops => {
    const images = [noise(), noise()];
    const averaged = await embedWith(crops, images);
    for (const [i, image] of images.entries()) {
      const windows = cropWindows({ ...defaultPreprocessing(side), resize }, crops);
      const alone = await embedWith(
        1,
        windows.map(window => cutOut(image, window)),
      );
      const mean = normalise(
        averaged[i].map((_, d) => alone.reduce((sum, embedding) => sum + embedding[d], 0) / crops),
      );
      expect(dot(averaged[i], averaged[i])).toBeCloseTo(1, 6);
      for (const [d, value] of mean.entries()) expect(averaged[i][d]).toBeCloseTo(value, 5);
      // Not what the centre alone says.
      expect(dot(averaged[i], alone[0])).toBeLessThan(0.9999);
    }
  });

  it('make an image and its mirror image the same, where there are mirrored ones', async () => {
    const image = noise();
    const mirrored = new Uint8Array(image.length);
    for (let y = 0; y < resize; y++) {
      for (let x = 0; x < resize; x++) {
        const from = 3 * (y * resize + resize - 1 - x);
        mirrored.set(image.subarray(from, from + 3), 3 * (y * resize + x));
      }
    }
    for (const [crops, same] of [
      [1, false],
      [2, true],
      [5, false],
      [10, true],
    ] as const) {
      const [one, other] = await embedWith(crops, [image, mirrored]);
      expect(dot(one, other) > 0.999999, String(crops)).toBe(same);
    }
  });

  it('are another model in name, but for the centre alone, which is the model as it is', async () => {
    const plain = await OnnxEmbedder.open(model, { threads: 1 });
    const image = noise();
    const [expected] = await plain.embedPixels([image]);
    expect((await embedWith(1, [image]))[0]).toEqual(expected);
    const ids = await Promise.all(
      cropCounts.map(async crops => {
        const embedder = await openWith(crops);
        await embedder.close();
        return embedder.modelId;
      }),
    );
    expect(ids).toEqual(['', '+2-crops', '+5-crops', '+10-crops'].map(suffix => plain.modelId + suffix));
    await plain.close();
  });

  it.each([5, 10] as const)('are refused of a model that cuts nothing off: %i', async crops => {
    const uncropped = await createTinyModel(join(folder, 'uncropped'));
    await expect(OnnxEmbedder.open(uncropped, { crops })).rejects.toMatchObject({
      code: 'invalid-option',
      field: 'crops',
    });
  });
});
