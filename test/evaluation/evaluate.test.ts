import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { facilityLocation } from '../../src/cluster/facility-location.js';
import { classFolders } from '../../src/datasets/class-folders.js';
import { colourHistogram } from '../../src/embed/colour-histogram.js';
import { embedExamples } from '../../src/evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { everyRow } from '../../src/math/relevant-ranks.js';
import { dot, rowOf } from '../../src/math/vectors.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { createPicture } from '../fixtures/images.js';
import { plainQueries } from '../oracles/plain-retrieval.js';

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

  it('lists the classes that are found worst, by the same ranks as everything else', async () => {
    const { examples } = await classFolders.read(root);
    const { block, labels, classNames } = await embedExamples(examples, colourHistogram, { signal });
    const worst = { count: 3, nameOf: (label: number) => classNames[label] };
    const quality = await evaluateEmbeddings(block, labels, { ks: [1], seed: 0, worst });
    const queries = plainQueries(block, labels, everyRow(block.count));
    const expected = classNames.map((label, number) => {
      const own = queries.filter(({ row }) => labels[row] === number);
      const wrong = own.map(({ nearest }) => classNames[labels[nearest]]).filter(name => name !== label);
      const frequency = (name: string) => wrong.filter(other => other === name).length;
      const [most] = [...new Set(wrong)].sort((a, b) => frequency(b) - frequency(a) || (a < b ? -1 : 1));
      return {
        label,
        queries: own.length,
        recallAt1: own.filter(({ ranks }) => ranks[0] === 1).length / own.length,
        mistakenFor: most === undefined ? null : { label: most, queries: frequency(most) },
      };
    });
    expect(quality.worst).toHaveLength(3);
    for (const found of quality.worst ?? [])
      expect(found).toMatchObject(expected.find(({ label }) => label === found.label) ?? {});
    expect(quality.worst?.some(({ mistakenFor }) => mistakenFor !== null)).toBe(true);
    const all = { ...worst, count: 9 };
    const { worst: every = [], mapAtR } = await evaluateEmbeddings(block, labels, {
      ks: [1],
      seed: 0,
      worst: all,
    });
    // Classes of one size: the mean of theirs is that of all.
    expect(every.reduce((sum, one) => sum + one.mapAtR, 0) / 5).toBeCloseTo(mapAtR, 12);
    expect(every.map(one => one.mapAtR)).toEqual(every.map(one => one.mapAtR).sort((a, b) => a - b));
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
