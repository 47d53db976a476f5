import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { dot } from '../../src/math/vectors.js';
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
