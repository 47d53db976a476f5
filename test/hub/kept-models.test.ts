import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/commands/lock-folder.js';
import { manifestSchema } from '../../src/embed/manifest.js';
import {
  examineModel,
  listModelNames,
  removeModel,
  requireModel,
  resolveModel,
  tryModel,
} from '../../src/hub/kept-models.js';
import { knownModels } from '../../src/hub/known-models.js';
import { preprocessingSchema } from '../../src/images/preprocessing.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe('the folder of models', () => {
  let models: string;
  const at = (name: string): string => join(models, name);
  beforeEach(async () => {
    models = join(await mkdtemp(join(tmpdir(), 'medoid-models-')), 'models');
    await createTinyModel(at('one'));
    await createTinyModel(at('two'), { seed: 1 });
  });
  afterEach(() => rm(join(models, '..'), { recursive: true }));

  it('has models, and other things that are none', async () => {
    await mkdir(at('three.pulling'));
    await createTinyModel(at('four.tmp'));
    await mkdir(at('empty'));
    await writeFile(at('a-file'), '');
    expect(await listModelNames(models)).toEqual(['one', 'two']);
    expect(await listModelNames(at('nowhere'))).toEqual([]);
    await expect(requireModel(models, 'twoo')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/the nearest is two/),
    });
  });

  it('tells of each model whether it is whole, and whether it runs', async () => {
    expect(await examineModel(models, 'one')).toMatchObject({ name: 'one', fault: undefined });
    expect(await tryModel(models, 'one')).toMatchObject({ manifest: { dimension: 16 }, fault: undefined });
    await appendFile(join(at('one'), 'model.onnx'), 'x');
    for (const look of [examineModel, tryModel]) {
      expect(await look(models, 'one')).toMatchObject({
        manifest: undefined,
        fault: expect.stringMatching(/is damaged: expected SHA-256/),
      });
    }
    const path = join(at('two'), 'manifest.json');
    const manifest = manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    await writeFile(path, JSON.stringify({ ...manifest, dimension: 17 }));
    expect(await examineModel(models, 'two')).toMatchObject({ fault: undefined });
    expect(await tryModel(models, 'two')).toMatchObject({
      fault: expect.stringMatching(/expected \[n, 17\]/),
    });
    await writeFile(path, JSON.stringify({ ...manifest, pooling: 'cls' }));
    expect(await tryModel(models, 'two')).toMatchObject({ fault: expect.stringMatching(/tokens, d\]/) });
    await writeFile(path, '{');
    expect(await examineModel(models, 'two')).toMatchObject({
      fault: expect.stringMatching(/no.* manifest/),
    });
  });

  it('loses a model as a whole, with what a stopped pull left beside it', async () => {
    await mkdir(at('one.pulling'));
    await removeModel(models, 'one', lockFolder);
    expect(await readdir(models)).toEqual(['two']);
    await mkdir(at('half.pulling'));
    await removeModel(models, 'half', lockFolder);
    expect(await readdir(models)).toEqual(['two']);
    await expect(removeModel(models, 'one', lockFolder)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('keeps what is no model, or more than one', async () => {
    await writeFile(join(at('one'), 'thesis.tex'), '');
    await mkdir(at('photos'));
    await writeFile(join(at('photos'), 'cat.png'), '');
    for (const name of ['one', 'photos']) {
      await expect(removeModel(models, name, lockFolder)).rejects.toMatchObject({ code: 'out-exists' });
    }
    expect(existsSync(join(at('one'), 'thesis.tex'))).toBe(true);
    expect(await readdir(models)).toEqual(['one', 'photos', 'two']);
  });

  it('is looked in for a name, after the path of that name', async () => {
    expect(resolveModel('one', models)).toBe(at('one'));
    expect(resolveModel(at('two'), models)).toBe(at('two'));
    expect(resolveModel('test', models)).toBe('test');
    expect(resolveModel('none', models)).toBe('none');
    expect(resolveModel('../models/one', models)).toBe('../models/one');
    expect(() => resolveModel('dinov2-small', models)).toThrow(/medoid models pull dinov2-small brings it/);
  });
});

describe('the models that are known', () => {
  it.each(knownModels.map(model => [model.name, model] as const))(
    'say all that is needed of %s',
    (name, model) => {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(model.repository).toMatch(/^[\w-]+\/[\w.-]+$/);
      expect(model.file).toMatch(/\.onnx$/);
      expect(model.revision).toMatch(/^(main|[0-9a-f]{40})$/);
      expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(['apache-2.0', 'mit']).toContain(model.license);
      const { crop, resize, mean, std } = preprocessingSchema.parse(model.preprocessing);
      expect(crop).toBeLessThanOrEqual(resize);
      // On the scale of 0 to 255, not of 0 to 1.
      for (const value of [...mean, ...std]) expect(value).toBeGreaterThan(50);
    },
  );
});
