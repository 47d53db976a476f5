import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OnnxEmbedder } from '../src/embed/embedder.js';
import { loadModel } from '../src/embed/manifest.js';
import { FeatureExtractor } from '../src/features/feature-extractor.js';
import { createPicture } from './fixtures/images.js';

const models = resolve(import.meta.dirname, '../models');
const megabytes = (path: string): number => statSync(path).size / 1e6;

describe('the models that ship', () => {
  it.each(readdirSync(models))(
    'are whole and small, and tell nothing of the machine that made them: %s',
    async name => {
      const { manifest, weights } = await loadModel(join(models, name));
      expect(manifest.name).toBe(name);
      expect(megabytes(join(models, name, manifest.weights.file))).toBeLessThan(16);
      // Nothing of the machine that it was made on.
      for (const text of [JSON.stringify(manifest), Buffer.from(weights).toString('latin1')])
        expect(text).not.toMatch(/\/(work|tmp|root|home)\//);
      const embedder = await OnnxEmbedder.open(join(models, name));
      const rows = await embedder.embed(await Promise.all([1, 2, 3].map(seed => createPicture(seed))));
      await embedder.close();
      for (const row of rows) {
        expect(row.length).toBe(manifest.dimension);
        expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      }
      expect(Math.abs(rows[0].reduce((sum, value, k) => sum + value * rows[1][k], 0))).toBeLessThan(0.99);
    },
  );

  it('let a head read the features of the general one, and have its card say what is true', async () => {
    const extractor = await FeatureExtractor.open(join(models, 'general'));
    expect(extractor).toMatchObject({ output: 'pool', dimension: 384 });
    await extractor.close();
    const { manifest } = await loadModel(join(models, 'general'));
    const card = await readFile(join(models, 'general', 'README.md'), 'utf8');
    const { images, classes } = manifest.training as { images: number; classes: number };
    expect(card).toContain(`${images.toLocaleString('en')} pictures of ${classes} classes`);
    expect(card).toContain(
      `| ${manifest.metrics.recallAt1?.toFixed(4)} | ${manifest.metrics.mapAtR?.toFixed(4)} |`,
    );
    expect(card).toContain(`${manifest.preprocessing.crop} × ${manifest.preprocessing.crop} pixels`);
  });
});
