import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { type Running, runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

interface Quality {
  readonly index: Record<string, unknown>;
  readonly [name: string]: unknown;
}

/** Without what is said of where it comes from. */
function metricsOf(quality: Quality): Record<string, unknown> {
  const names = ['recallAt', 'precisionAt', 'rPrecision', 'mapAtR', 'queries', 'singletons'];
  const own = [...names, 'classes', 'nmi', 'ami', 'ari', 'f1', 'worst'];
  const pick = (from: Record<string, unknown>, which: readonly string[]) =>
    Object.fromEntries(which.map(name => [name, from[name]]));
  return { ...pick(quality, own), index: pick(quality.index, [...names, 'nearestFoundAt', 'name']) };
}

describe('the evaluation of a server', () => {
  let folder: string;
  let data: string;
  let model: string;
  let server: Running;
  let url: string;
  let key: string;

  const at = (name: string): string => join(folder, name);
  const evaluateApi = (...options: string[]) => runMedoid('evaluate-api', '--url', url, ...options);
  const client = () => new MedoidClient({ baseUrl: url, apiKey: key });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-evaluate-api-'));
    data = await createClassFolders(at('shapes'), { classes: 6, images: 10 });
    // Two large ones, and K beyond the candidates that a graph weighs at least.
    await createClassFolders(data, { classes: 2, images: 65 });
    model = await createTinyModel(at('model'));
    const added = await runMedoid('index', data, '--gallery', at('gallery'), '--model', model);
    expect(added.exitCode).toBe(0);
    key = (
      await runMedoid('keys', 'create', '--gallery', at('gallery'), '--name', 'judge', '--scope', 'admin')
    ).stdout.trim();
    await writeFile(at('key'), `${key}\n`);
    server = startMedoid(['serve', '--gallery', at('gallery'), '--port', '0', '--auth', 'required', '--json']);
    [, url] = await server.seen(/"url":"([^"]+)"/);
  });
  afterAll(async () => {
    server.child.kill('SIGTERM');
    await server.finished;
    await rm(folder, { recursive: true });
  });

  it('equals that of the images to the last digit, as does the one that the server makes', async () => {
    const asked = ['--k', '1,2,4,8,165', '--seed', '5', '--worst', '4'];
    const [images, api] = [
      await runMedoid('evaluate', '--data', data, '--model', model, '--index', 'hnsw', '--json', ...asked),
      await evaluateApi('--key-file', at('key'), '--json', ...asked),
    ];
    expect([images.exitCode, api.exitCode]).toEqual([0, 0]);
    const [expected, actual] = [images, api].map(({ stdout }) => JSON.parse(stdout) as Quality);
    expect(metricsOf(actual)).toEqual(metricsOf(expected));
    expect(actual).toMatchObject({ modelId: expected.modelId, items: 170, clusteringFailure: null, gone: 0 });
    // Neither trivial nor perfect, so that it says something.
    expect(actual.mapAtR).toBeGreaterThan(0.2);
    expect(actual.mapAtR).toBeLessThan(0.9);

    const input = { ks: [1, 2, 4, 8, 165], seed: 5, worst: 4 };
    const job = await client().waitForJob((await client().startEvaluation('default', input)).id);
    expect(metricsOf(job.result as unknown as Quality)).toEqual(metricsOf(expected));
  });
});
