import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CrashReport } from '../../scripts/crash/run-rounds.js';
import { runScript } from '../fixtures/run-script.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe('npm run crash', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-crash-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds all that was acknowledged after every kill, and leaves nothing', {
    timeout: 180_000,
  }, async () => {
    const model = await createTinyModel(join(folder, 'model'));
    const args = ['--rounds', '6', '--seed', '21', '--clients', '3', '--model', model, '--json'];
    const { exitCode, stdout, stderr } = await runScript('crash', args, folder);
    expect([exitCode, stderr.match(/^\d+\/6 /gm)?.length], stderr).toEqual([0, 6]);
    const { rounds, kills, acknowledged, checks, wrong } = JSON.parse(stdout) as CrashReport;
    expect([rounds, wrong]).toEqual([6, []]);
    expect(Object.values(kills).reduce((sum, times) => sum + times, 0)).toBe(6);
    expect(acknowledged).toBeGreaterThan(6);
    expect(checks).toBeGreaterThan(acknowledged);
    // SQLite unlinks its temporary files as soon as it has opened them; a kill may come in between.
    const left = (await readdir(folder)).filter(name => !name.startsWith('etilqs_'));
    expect(left).toEqual(['model']);
  });

  it('refuses what it does not know, and a folder that is there', async () => {
    expect(await runScript('crash', ['--rounds', '0'], folder)).toMatchObject({ exitCode: 2 });
    expect(await runScript('crash', ['--speed', '2'], folder)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('speed'),
    });
    expect(await runScript('crash', ['--gallery', folder], folder)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('out-exists'),
    });
  });
});
