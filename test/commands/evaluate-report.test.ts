import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClassFolders } from '../fixtures/class-folders.js';
import { runMedoid } from '../fixtures/run-medoid.js';

describe('the report of an evaluation', () => {
  let folder: string;
  let data: string;
  const at = (name: string): string => join(folder, name);
  const evaluate = (...options: string[]) =>
    runMedoid('evaluate', '--data', data, '--baseline', 'colour-histogram', ...options);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-evaluate-report-'));
    data = await createClassFolders(at('shapes'), { classes: 5, images: 6 });
    await writeFile(join(data, 'class-02', 'broken.png'), 'no picture');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is written beside the answer, with what was measured and what was left out', async () => {
    const { stdout, exitCode } = await evaluate('--json', '--report', at('run.html'));
    // One image could not be read.
    expect(exitCode).toBe(1);
    const page = await readFile(at('run.html'), 'utf8');
    const answer = JSON.parse(stdout);
    expect(answer.report).toBe(at('run.html'));
    expect(page).toContain(`<th scope="row">Recall@1</th><td>${answer.recallAt[1].toFixed(4)}</td>`);
    expect(answer.worst).toHaveLength(5);
    expect(page).toContain(`<bdi>${answer.worst[0].label}</bdi></th><td>6</td>`);
    expect(page).toContain('Left out class-02/broken.png');
    expect(page).toContain('All 30 images');
    expect(page).not.toContain(folder);
    expect(page).toMatch(/title="class-0\d\/\d\.png"/);
  });

  it('is refused before any work where it could not be written', async () => {
    const nowhere = await evaluate('--report', join(folder, 'none', 'run.html'));
    expect(nowhere).toMatchObject({ exitCode: 1, stdout: '' });
    expect(nowhere.stderr).toMatch(/file-unusable: expected a folder to write the report in/);
    const wrong = await evaluate('--report', at('run.txt'));
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/--report .*expected a name that ends in \.html/);
    expect(existsSync(at('run.txt'))).toBe(false);
  });
});
