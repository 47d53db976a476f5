import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { classFolders } from '../../src/datasets/class-folders.js';
import { colourHistogram } from '../../src/embed/colour-histogram.js';
import { embedExamples } from '../../src/evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { dot, rowOf } from '../../src/math/vectors.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { createPicture } from '../fixtures/images.js';

const signal = new AbortController().signal;

describe('evaluation of an embedder on a data set', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'medoid-evaluate-'));
    await createClassFolders(root, { classes: 5, images: 30 });
    await writeFile(join(root, 'class-02', 'broken.png'), 'no picture');
  });
  afterAll(() => rm(root, { recursive: true }));

  it('embeds every image in order and lists those that cannot be read', async () => {
    const { examples } = await classFolders.read(root);
    const { block, labels, failed } = await embedExamples(examples, colourHistogram, { signal });
    expect(failed).toMatchObject([{ path: join(root, 'class-02', 'broken.png'), code: 'unsupported-image' }]);
    expect([...labels]).toEqual([0, 1, 2, 3, 4].flatMap(k => Array.from({ length: 30 }, () => k)));
    for (let i = 0; i < block.count; i++) expect(dot(rowOf(block, i), rowOf(block, i))).toBeCloseTo(1, 6);
  });

  it('finds pictures of one palette by their histogram', async () => {
    const examples = await Promise.all(
      [0, 1, 2].flatMap(k =>
        [0, 1, 2, 3].map(async i => {
          const path = join(root, `palette-${k}-${i}.png`);
          // The same picture at four sizes.
          await writeFile(path, await createPicture(k, { width: 40 + 8 * i, height: 40 + 8 * i }));
          return { path, label: String(k) };
        }),
      ),
    );
    const { block, labels } = await embedExamples(examples, colourHistogram, { signal });
    const quality = await evaluateEmbeddings(block, labels, { ks: [1, 3], seed: 0 });
    expect(quality.classes).toBe(3);
    expect(quality.recallAt[1]).toBe(1);
    expect(quality.nmi.geometric).toBeCloseTo(1, 9);
    expect([quality.f1, quality.ari, quality.rPrecision, quality.precisionAt[3]]).toEqual([1, 1, 1, 1]);
    expect(quality.ami).toBeCloseTo(1, 9);
    const clustered = await evaluateEmbeddings(block, labels, {
      ks: [1],
      seed: 0,
      clusterer: facilityLocation,
    });
    expect(clustered.f1).toBe(1);
  });

  it('refuses to call anything a result when no query could find anything', async () => {
    const none = { data: new Float32Array(0), count: 0, dimension: 4 };
    const asked = evaluateEmbeddings(none, new Int32Array(0), { ks: [1], seed: 0 });
    await expect(asked).rejects.toMatchObject({ code: 'invalid-dataset' });
  });

  it('stops when asked', async () => {
    const { examples } = await classFolders.read(root);
    const stopped = AbortSignal.abort();
    await expect(embedExamples(examples, colourHistogram, { signal: stopped })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});
