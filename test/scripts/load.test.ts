import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadReport } from '../../scripts/load/measure-load.js';
import { ProcessLock } from '../../src/catalog/process-lock.js';

const script = resolve(import.meta.dirname, '../../dist/scripts/load.js');

describe('npm run load', () => {
  let folder: string;
  let temporary: string;
  let gallery: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-load-test-'));
    [temporary, gallery] = [join(folder, 'tmp'), join(folder, 'gallery')];
    await mkdir(temporary);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** @param interruptAt stops it, as Ctrl-C does, when it says so on stderr */
  const run = (args: readonly string[], interruptAt?: string) =>
    new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((settle, fail) => {
      const child = spawn(process.execPath, [script, '--gallery', gallery, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          TMPDIR: temporary,
          MEDOID_LOG_LEVEL: 'no level: settings from here do not count',
        },
      });
      let [stdout, stderr, interrupted] = ['', '', false];
      child.stdout.setEncoding('utf8').on('data', text => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', text => {
        stderr += text;
        if (interruptAt === undefined || interrupted || !stderr.includes(interruptAt)) return;
        interrupted = true;
        child.kill('SIGINT');
      });
      child.on('error', fail);
      child.on('close', exitCode => settle({ exitCode, stdout, stderr }));
    });

  /** No server has the gallery open any more, and there is no file but the gallery. */
  const expectNothingLeft = async (): Promise<void> => {
    ProcessLock.acquire(join(gallery, 'write.lock')).close();
    expect(await readdir(temporary)).toEqual([]);
  };

  it('measures a small gallery in every way and leaves nothing but the gallery', async () => {
    const measured = [
      'start',
      'by-vector',
      'by-form',
      'narrow-filter',
      'new-filter',
      'exact',
      'mixed',
      'crowd',
    ];
    const sizes = ['--items', '200', '--seconds', '1', '--connections', '2', '--crowd', '20'];
    const { exitCode, stdout, stderr } = await run([...sizes, '--json', ...measured]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('20 connections that upload')]);
    const report = JSON.parse(stdout) as LoadReport;
    expect(report.errors).toBe(0);
    expect(report.gallery).toMatchObject({ items: 200, dimension: 64, seconds: expect.any(Number) });
    expect(report.recall).toBeGreaterThan(0.9);
    expect(report.searches.map(({ name, connections }) => `${name}/${connections}`)).toEqual([
      ...['by-vector/2', 'by-form/2', 'narrow-filter/2', 'new-filter/2', 'exact/2'],
    ]);
    const { mixed, crowd, start, searches } = report;
    expect(start?.withoutSnapshotSeconds).toBeGreaterThan(0);
    expect(start?.indexedSeconds).toBeGreaterThanOrEqual(start?.withoutSnapshotSeconds ?? 0);
    for (const driven of [...searches, mixed?.alone, mixed?.beside, mixed?.uploads, crowd]) {
      expect(driven?.answers).toBeGreaterThan(0);
      const { p50 = 0, p95 = 0, p99 = 0, max = 0 } = driven?.latencyMs ?? {};
      expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].sort((a, b) => a - b));
      expect(p50).toBeGreaterThan(0);
    }
    const [byVector, byForm] = searches;
    expect([byVector.stagesMs.decode, byVector.stagesMs.search > 0]).toEqual([0, true]);
    expect(byForm.stagesMs.decode).toBeGreaterThan(0);
    await expectNothingLeft();
  });

  it('takes the gallery that is there, and ends its server when it is stopped', async () => {
    const { exitCode, stdout } = await run(['--items', '200', '--seconds', '60', 'by-id'], 'by-id, 1');
    expect([exitCode, stdout]).toEqual([130, '']);
    await expectNothingLeft();
  });

  it('refuses what it does not know, and a gallery of another size', async () => {
    expect(await run(['by-colour'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('by-vector'),
    });
    expect(await run(['--speed', '2'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('speed'),
    });
    const other = await run(['--items', '300', 'by-id']);
    expect(other).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('got 200') });
    await expectNothingLeft();
  });
});
