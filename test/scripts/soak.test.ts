import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeTrend } from '../../scripts/soak/judge-trend.js';
import type { SoakReport } from '../../scripts/soak/run-soak.js';
import { createRandom } from '../../src/math/random.js';
import { runScript } from '../fixtures/run-script.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe('a trend', () => {
  it('is the line of least squares', () => {
    // y = 10 + 2 i, and residuals 1, -1, -1, 1, which have no slope of their own.
    const { mean, drift, scatter, isFlat } = judgeTrend([11, 11, 13, 17]);
    expect([mean, drift, scatter, isFlat]).toEqual([13, 6, 1, false]);
  });

  it('is flat within a tenth of the mean or twice the scatter, up or down', () => {
    const line = (slope: number, noise = 0) => {
      const random = createRandom(1);
      return Array.from({ length: 100 }, (_, i) => 100 + slope * i + noise * random.normal());
    };
    expect([0, 0.09, -0.09, 0.2, -0.2].map(slope => judgeTrend(line(slope)).isFlat)).toEqual([
      ...[true, true, true, false, false],
    ]);
    expect(judgeTrend(line(0.2, 30)).isFlat).toBe(true);
  });
});

describe('npm run soak', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-soak-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('changes everything again and again, looks at the server, and leaves nothing', async () => {
    const model = await createTinyModel(join(folder, 'model'));
    const args = ['--minutes', '0.15', '--items', '40', '--clients', '2', '--every-seconds', '1'];
    const { exitCode, stdout, stderr } = await runScript(
      'soak',
      [...args, '--model', model, '--json'],
      folder,
    );
    expect(exitCode, stderr).toBe(0);
    const { counts, samples, trends, churned } = JSON.parse(stdout) as SoakReport;
    const { errors, ...done } = counts;
    expect([errors, trends]).toEqual([0, undefined]);
    for (const what of ['searches', 'added', 'replaced', 'removed'] as const)
      expect(done[what], what).toBeGreaterThan(0);
    expect(churned).toBeGreaterThan(0);
    expect(samples.length).toBeGreaterThan(2);
    for (const sample of samples) {
      expect(Object.values(sample).every(value => Number.isFinite(value) && value > 0)).toBe(true);
      expect(sample.items).toBeLessThan(80);
    }
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('refuses what it does not know', async () => {
    expect(await runScript('soak', ['--minutes', 'long'], folder)).toMatchObject({ exitCode: 2 });
  });
});
