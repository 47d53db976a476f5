import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCommands, verbs } from '../../src/commands/index.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { createPicture } from '../fixtures/images.js';
import { runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const quick = ['--batch-size', '8', '--image-size', '16', '--network-options', 'width=4', '--engine', 'wasm'];

/** As another process sees it while one is writing. */
function itemsIn(gallery: string): number {
  const path = join(gallery, 'catalog.sqlite');
  if (!existsSync(path)) return 0;
  const database = new Database(path, { readonly: true });
  try {
    return Number(database.prepare('SELECT count(*) FROM items').pluck().get());
  } catch {
    // The tables are not there yet.
    return 0;
  } finally {
    database.close();
  }
}

const delay = (ms: number): Promise<false> => new Promise(next => setTimeout(() => next(false), ms));

describe('the command line', () => {
  let folder: string;
  let data: string;
  let model: string;
  const at = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-cli-'));
    data = await createClassFolders(at('data'), { classes: 6, images: 5 });
    model = await createTinyModel(at('tiny-model'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('loads each verb by its own name', async () => {
    expect((await loadCommands()).map(({ name }) => name)).toEqual(Object.keys(verbs));
  });

  it.each(Object.keys(verbs))('explains %s', async name => {
    const { exitCode, stdout } = await runMedoid(...name.split(' '), '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: medoid ${name}`);
    expect(stdout).toContain('--json');
  });

  it.each([
    [['evaluate', '--data', '.', '--modell', 'x'], 2, /unknown option '--modell'/],
    [['train', '--data', '.', '--out', 'x', '--resume', '--overwrite'], 2, /got both/],
    [['evaluate', '--data', '.'], 2, /either --model or --baseline/],
    [['evaluate', '--data', '.', '--model', 'x', '--crops', '3'], 2, /--crops "3".*1\|2\|5\|10/],
    [['evaluate', '--data', '.', '--baseline', 'colour-histogram', '--crops', '2'], 2, /whole image; got 2/],
    [['evaluate', '--data', '.', '--model', 'x', '--index', 'magic'], 2, /none, hnsw/],
    [['evaluate', '--data', 'nowhere', '--model', 'x'], 1, /file-not-found.*nowhere/],
    [['train', '--data', '.'], 2, /required option '--out/],
    [['train', '--data', '.', '--out', 'x', '--loss', 'magic'], 2, /facility-location/],
    [['train', '--data', '.', '--out', 'x', '--sampler', 'magic'], 2, /c-over-m, p-by-k/],
    [['train', '--data', '.', '--out', 'x', '--sampler-options', 'k=4'], 2, /--sampler-options of c-over-m/],
    [['train', '--data', '.', '--out', 'x', '--batch-size', 'many'], 2, /expected a number, got "many"/],
    [['train', '--data', '.', '--out', 'x', '--loss-options', 'gamma'], 2, /name=value/],
    [['search', 'x.png', '--gallery', 'nowhere'], 1, /file-not-found/],
    [['index', 'x', '--gallery', 'nowhere'], 1, /file-not-found/],
    [['serve'], 2, /required option '--gallery/],
    [['fly'], 2, /unknown command 'fly'/],
  ])('refuses %j', async (args, code, message) => {
    const { exitCode, stdout, stderr } = await runMedoid(...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
    expect(stdout).toBe('');
  });

  it('checks the options of loss and network before it reads an image', async () => {
    const wrong = ['--loss-options', 'gama=2'];
    const { exitCode, stdout } = await runMedoid(
      'train',
      '--data',
      data,
      '--out',
      at('x'),
      ...wrong,
      '--json',
    );
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'invalid-option' });
    expect(stdout).toMatch(/gama/);
    expect(existsSync(at('x'))).toBe(false);
  });

  it('trains with the loss and the sampler asked for, and says so in the manifest', async () => {
    const out = at('triplets');
    const { exitCode, stderr } = await runMedoid(
      ...['train', '--data', data, '--out', out, '--steps', '2', '--validation-share', '0', ...quick],
      ...['--loss', 'triplet', '--loss-options', 'mining=batch-hard,margin=0.5'],
      ...['--sampler', 'p-by-k', '--sampler-options', 'imagesPerClass=2'],
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/epoch 1: loss .* triplets 8/);
    const manifest = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
    expect(manifest.training.options).toMatchObject({
      loss: { name: 'triplet', options: { mining: 'batch-hard', margin: 0.5 } },
      sampler: { name: 'p-by-k', options: { imagesPerClass: 2 } },
    });
  });

  it('trains, evaluates, indexes and searches, one JSON document each', async () => {
    const trained = await runMedoid(
      ...['train', '--data', data, '--out', at('model'), '--steps', '3', '--validation-share', '0.34'],
      ...[...quick, '--json'],
    );
    expect(JSON.parse(trained.stdout)).toMatchObject({ completed: true, steps: 3, failed: [] });
    expect(trained.stderr).toMatch(/epoch 1: loss .* Recall@1/);

    const evaluated = await runMedoid(
      'evaluate',
      '--model',
      at('model'),
      '--data',
      data,
      '--classes',
      'last:3',
      '--json',
    );
    const quality = JSON.parse(evaluated.stdout);
    expect(Object.keys(quality.recallAt)).toEqual(['1', '2', '4', '8']);
    expect(Object.keys(quality.precisionAt)).toEqual(['1', '2', '4', '8']);
    expect(quality.precisionAt[1]).toBe(quality.recallAt[1]);
    const shares = [...Object.values(quality.recallAt), ...Object.values(quality.precisionAt)];
    for (const value of [...shares, quality.mapAtR, quality.rPrecision, quality.f1]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    expect(quality).toMatchObject({ images: 15, classes: 3, queries: 15 });
    expect(quality.nmi.geometric).toBeGreaterThanOrEqual(0);
    expect(quality.nmi.arithmetic).toBeGreaterThanOrEqual(0);
    for (const index of [quality.ami, quality.ari]) expect(Math.abs(index)).toBeLessThanOrEqual(1);

    const indexed = await runMedoid(
      'index',
      data,
      '--gallery',
      at('gallery'),
      '--model',
      at('model'),
      '--json',
    );
    expect(JSON.parse(indexed.stdout)).toMatchObject({ added: 30, unchanged: 0, failed: [] });

    const image = join(data, 'class-03', '2.png');
    const found = await runMedoid('search', image, '--gallery', at('gallery'), '--k', '4', '--json');
    const { results } = JSON.parse(found.stdout);
    expect(results).toHaveLength(4);
    expect(results[0]).toMatchObject({ key: 'class-03/2.png', label: 'class-03' });
    expect(results[0].distance).toBeCloseTo(0, 3);
    expect(results[0].id).toBeGreaterThan(0);
  });

  it('evaluates exactly and through the graph side by side, of several crops', async () => {
    const cropped = await createTinyModel(at('cropped-model'), { resize: 40 });
    const asked = ['evaluate', '--model', cropped, '--data', data, '--index', 'hnsw', '--crops', '10'];
    const quality = JSON.parse((await runMedoid(...asked, '--json')).stdout);
    const { name, recallAt, nearestFoundAt, mapAtR, buildSeconds, queriesPerSecond } = quality.index;
    expect(quality).toMatchObject({ modelId: expect.stringMatching(/10-crops$/), crops: 10, images: 30 });
    // Of 30 images the graph finds every one.
    expect({ name, recallAt, mapAtR }).toEqual({
      name: 'hnsw',
      recallAt: quality.recallAt,
      mapAtR: expect.closeTo(quality.mapAtR, 9),
    });
    expect(nearestFoundAt).toEqual({ 1: 1, 2: 1, 4: 1, 8: 1 });
    for (const value of [buildSeconds, queriesPerSecond.exact, queriesPerSecond.index]) {
      expect(value).toBeGreaterThan(0);
    }
    const { stdout } = await runMedoid(...asked);
    const recall = quality.recallAt[8].toFixed(4);
    expect(stdout).toMatch(/^ +exact +hnsw$/m);
    expect(stdout).toMatch(new RegExp(`^Recall@8 +${recall} +${recall}$`, 'm'));
    expect(stdout).toMatch(/^nearest found@8 +1\.0000$/m);
    expect(stdout).toMatch(/^hnsw: built in .* s, \d+ queries a second; exact \d+$/m);

    const uncropped = await runMedoid('evaluate', '--model', model, '--data', data, '--crops', '5');
    expect(uncropped.stderr).toMatch(/invalid-option: expected a model that resizes to more than it crops/);
    expect(uncropped.exitCode).toBe(2);
    const plain = JSON.parse(
      (await runMedoid('evaluate', '--model', model, '--data', data, '--json')).stdout,
    );
    expect(Object.keys(plain)).not.toContain('index');
  });

  it('stops training on SIGINT with a checkpoint and goes on to the weights of a run without a stop', async () => {
    const args = (name: string) => [
      'train',
      '--data',
      data,
      '--out',
      at(name),
      '--steps',
      '60',
      ...quick,
      '--json',
    ];
    const whole = JSON.parse((await runMedoid(...args('whole'))).stdout);
    const running = startMedoid(args('stopped'));
    await running.seen(/epoch 2:/);
    running.child.kill('SIGINT');
    const stopped = await running.finished;
    expect(stopped.exitCode).toBe(130);
    const { completed, steps } = JSON.parse(stopped.stdout);
    expect(completed).toBe(false);
    expect(steps).toBeLessThan(60);
    expect(existsSync(at('stopped'))).toBe(false);

    const again = await runMedoid(...args('stopped'));
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toMatch(/--resume continues it/);
    const resumed = await runMedoid(...args('stopped'), '--resume');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ completed: true, weightsSha256: whole.weightsSha256 });
  });

  it('indexes what a killed run has left over: nothing twice, nothing missing, broken files named', async () => {
    const source = at('photos');
    await mkdir(join(source, 'many'), { recursive: true });
    const count = 120;
    for (let i = 0; i < count; i++) {
      await writeFile(join(source, 'many', `${i}.png`), await createPicture(`cli/${i}`));
    }
    await writeFile(join(source, 'many', 'broken.jpg'), 'no picture');
    const args = ['index', source, '--gallery', at('killed'), '--model', model, '--batch', '4', '--json'];
    for (const written of [1, 30, 60]) {
      const running = startMedoid(args);
      const ended = running.finished.then(() => true);
      while (!(await Promise.race([ended, delay(5)])) && itemsIn(at('killed')) < written);
      running.child.kill('SIGKILL');
      await running.finished;
    }
    expect(itemsIn(at('killed'))).toBeGreaterThanOrEqual(60);
    expect(itemsIn(at('killed'))).toBeLessThan(count);
    const last = await runMedoid(...args);
    const { added, unchanged, failed } = JSON.parse(last.stdout);
    expect(added + unchanged).toBe(count);
    expect(Math.min(added, unchanged)).toBeGreaterThan(0);
    expect(failed).toMatchObject([{ path: 'many/broken.jpg', code: 'unsupported-image' }]);
    expect(last.exitCode).toBe(1);
    const image = join(source, 'many', '7.png');
    const found = await runMedoid('search', image, '--gallery', at('killed'), '--k', '1000', '--json');
    const keys = JSON.parse(found.stdout).results.map(({ key }: { key: string }) => key);
    expect(keys[0]).toBe('many/7.png');
    expect(new Set(keys).size).toBe(count);
    expect(keys).toHaveLength(count);
  });

  it('refuses a second writer', async () => {
    const gallery = await Gallery.open(at('busy'), { access: 'write', create: true });
    const second = await runMedoid('index', data, '--gallery', at('busy'), '--model', model, '--json');
    await gallery.close();
    expect(JSON.parse(second.stdout).error.code).toBe('gallery-locked');
    expect(second.exitCode).toBe(1);
  });

  it('answers misuse with one JSON document too', async () => {
    for (const args of [
      ['train', '--data', data],
      ['evaluate', '--data'],
      ['serve', '--prot', '1'],
    ]) {
      const { exitCode, stdout } = await runMedoid(...args, '--json');
      expect(exitCode).toBe(2);
      expect(JSON.parse(stdout).error.code).toBe('invalid-option');
    }
  });
});
