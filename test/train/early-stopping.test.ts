import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsvTable } from '../../src/csv-table.js';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { holdOutClasses } from '../../src/datasets/select-classes.js';
import { defaultPreprocessing } from '../../src/images/preprocessing.js';
import type { EpochMetrics } from '../../src/train/checkpoint.js';
import { exportedEpochOf, hasStalled } from '../../src/train/early-stopping.js';
import { losses } from '../../src/train/losses/index.js';
import { namedNetwork } from '../../src/train/networks/named-network.js';
import { runDirectoryOf } from '../../src/train/run-files.js';
import { type TrainingOutcome, type TrainingRequest, trainModel } from '../../src/train/train-model.js';
import { createClassFolders } from '../fixtures/class-folders.js';

const historyOf = (values: readonly number[]): EpochMetrics[] =>
  values.map((mapAtR, i) => ({
    ...{ epoch: i + 1, steps: i + 1, loss: 0, terms: {}, learningRate: 1, seconds: 1, imagesPerSecond: 1 },
    ...{ mapAtR, recallAt1: -mapAtR, meanDistance: 1, effectiveRank: 3, warnings: [] },
  }));

describe('early stopping', () => {
  it('counts the epochs since the first best one', () => {
    const history = historyOf([0.1, 0.3, 0.2, 0.3]);
    const stalled = (patience: number) => hasStalled(history, { patience, monitor: 'map-at-r' });
    expect([0, 1, 2, 3].map(stalled)).toEqual([false, true, true, false]);
    expect(hasStalled([], { patience: 1, monitor: 'map-at-r' })).toBe(false);
    expect(hasStalled(history, { patience: 3, monitor: 'recall-at-1' })).toBe(true);
  });

  it('exports the best epoch by what is monitored, and without a patience the last', () => {
    const history = historyOf([0.1, 0.3, 0.2, 0.3]);
    expect(exportedEpochOf(history, { patience: 1, monitor: 'map-at-r' })?.epoch).toBe(2);
    expect(exportedEpochOf(history, { patience: 1, monitor: 'recall-at-1' })?.epoch).toBe(1);
    expect(exportedEpochOf(history, { patience: 0, monitor: 'map-at-r' })?.epoch).toBe(4);
    expect(exportedEpochOf([], { patience: 1, monitor: 'map-at-r' })).toBeUndefined();
  });
});

describe('a run that stops early', () => {
  const validationShare = 0.3;
  const batches = 4;
  let folder: string;
  let dataset: Dataset;
  let whole: TrainingOutcome;
  const outOf = (name: string): string => join(folder, 'models', name);
  const fileOf = (name: string, file: string): string => join(runDirectoryOf(outOf(name)), file);
  const request = (name: string, changes: Partial<TrainingRequest> = {}): TrainingRequest => ({
    dataset,
    datasetName: 'class-folders',
    validationShare,
    network: namedNetwork({ name: 'resnet', options: { width: 4 } }),
    settings: {
      loss: { name: 'triplet', options: {} },
      sampler: { name: 'c-over-m', options: {} },
      augmentation: { cropScale: 0, scaledShare: 1, colourJitter: 0 },
      ...{
        preprocessing: defaultPreprocessing(16),
        dimension: 8,
        batchSize: 12,
        classShare: 0.34,
        learningRate: 0.003,
      },
      ...{ schedule: 'constant', warmupSteps: 2, seed: 4, patience: 2, monitor: 'map-at-r' },
    },
    length: { epochs: 20 },
    engine: 'wasm',
    out: outOf(name),
    existing: 'refuse',
    signal: new AbortController().signal,
    ...changes,
  });
  /** Stops the run once so many steps are done, or when an epoch is saved. */
  const stopAt = ({ step, epoch }: { step?: number; epoch?: number }) => {
    const controller = new AbortController();
    const observer: TrainingRequest['observer'] = {
      onStep: progress => progress.step === step && controller.abort(),
      onEpoch: metrics => metrics.epoch === epoch && controller.abort(),
    };
    return { signal: controller.signal, observer };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-early-'));
    await createClassFolders(join(folder, 'data'), { classes: 10, images: 6 });
    dataset = await classFolders.read(join(folder, 'data'));
    whole = await trainModel(request('whole'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('ends before its time, and gives the weights and metrics of the best epoch', async () => {
    const { completed, stoppedEarly, history, exported, steps, manifest } = whole;
    expect({ completed, stoppedEarly }).toEqual({ completed: true, stoppedEarly: true });
    const best = Math.max(...history.map(({ mapAtR }) => mapAtR ?? 0));
    // Two epochs after the best: the last weights are not the ones that are kept.
    expect(exported).toEqual(history.at(-3));
    expect(exported?.mapAtR).toBe(best);
    expect(exported?.epoch).toBeGreaterThan(2);
    expect([steps, manifest?.training?.steps]).toEqual([batches * history.length, exported?.steps]);
    expect(manifest?.metrics).toMatchObject({ loss: exported?.loss, mapAtR: best });
    // The schedule is constant, so a run that long and no longer has come to the same.
    const { settings } = request('that-long');
    const thatLong = await trainModel(
      request('that-long', {
        settings: { ...settings, patience: 0 },
        length: { epochs: exported?.epoch ?? 0 },
      }),
    );
    expect(manifest?.weights.sha256).toBe(thatLong.manifest?.weights.sha256);
    expect(thatLong.stoppedEarly).toBe(false);
  });

  it.each([
    ['in an epoch before the best', -2, 1],
    ['in the epoch after the best', 0, 1],
    ['in the last epoch', 1, 3],
  ])('continues after a stop %s to the same weights', async (_, epochs, more) => {
    const name = `stopped-${epochs}`;
    const step = batches * ((whole.exported?.epoch ?? 0) + epochs) + more;
    expect(await trainModel(request(name, stopAt({ step })))).toMatchObject({
      completed: false,
      steps: step,
    });
    const resumed = await trainModel(request(name, { existing: 'resume' }));
    expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
    expect(resumed.exported?.epoch).toBe(whole.exported?.epoch);
    expect(resumed.steps).toBe(whole.steps);
  });

  it('loses nothing when it was killed between the checkpoint and the best weights', async () => {
    const best = whole.exported?.epoch ?? 0;
    await trainModel(request('killed', stopAt({ epoch: best })));
    const earlier = request('earlier', stopAt({ epoch: 1 }));
    await trainModel(earlier);
    await copyFile(fileOf('earlier', 'best.safetensors'), fileOf('killed', 'best.safetensors'));
    const resumed = await trainModel(request('killed', { existing: 'resume' }));
    expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
  });

  it('refuses to continue without the best weights, or with other held-out images', async () => {
    const best = whole.exported?.epoch ?? 0;
    await trainModel(request('lost', stopAt({ epoch: best + 1 })));
    const observer = { onStart: () => expect.fail('it was to be refused before the first step') };
    const resume = (changes: Partial<TrainingRequest> = {}) =>
      trainModel(request('lost', { existing: 'resume', observer, ...changes }));
    const { validation } = holdOutClasses(dataset, { share: validationShare, seed: 4 });
    const { path: left } = validation.examples[0];
    const fewer = { ...dataset, examples: dataset.examples.filter(({ path }) => path !== left) };
    await expect(resume({ dataset: fewer })).rejects.toThrow(/the images changed/);
    await trainModel(request('other', stopAt({ epoch: 1 })));
    await copyFile(fileOf('other', 'best.safetensors'), fileOf('lost', 'best.safetensors'));
    await expect(resume()).rejects.toThrow(/expected the weights of epoch \d+, got those of epoch 1/);
    await rm(fileOf('lost', 'best.safetensors'));
    await expect(resume()).rejects.toMatchObject({ code: 'invalid-checkpoint' });
  });

  it('needs held-out classes with images that can find each other', async () => {
    await expect(trainModel(request('blind', { validationShare: 0 }))).rejects.toThrow(/--validation-share/);
    const { validation } = holdOutClasses(dataset, { share: validationShare, seed: 4 });
    const alone = new Set(validation.classes);
    const firstOfEach = new Set<string>();
    const examples = dataset.examples.filter(({ label }) => {
      if (!alone.has(label)) return true;
      const isFirst = !firstOfEach.has(label);
      firstOfEach.add(label);
      return isFirst;
    });
    await expect(trainModel(request('lonely', { dataset: { ...dataset, examples } }))).rejects.toMatchObject({
      code: 'invalid-option',
      field: 'patience',
    });
  });

  it('writes its log as a table, too', async () => {
    const { history } = whole;
    const rows = await readCsvTable(fileOf('whole', 'metrics.csv'), []);
    expect(rows.map(({ values }) => values)).toEqual(
      history.map(({ terms, warnings, ...metrics }) => ({
        ...Object.fromEntries(Object.entries({ ...metrics, ...terms }).map(([name, n]) => [name, String(n)])),
        warnings: warnings.join(' '),
      })),
    );
    const [header] = (await readFile(fileOf('whole', 'metrics.csv'), 'utf8')).split('\r\n');
    expect(header).toBe(
      'epoch,steps,loss,triplets,active,learningRate,recallAt1,mapAtR,meanDistance,effectiveRank,imagesPerSecond,seconds,warnings',
    );
  });

  it('leaves empty in the table what cannot be measured without held-out classes, but not the spread', async () => {
    const { settings } = request('unseen');
    const plain = { ...settings, patience: 0 };
    await trainModel(request('unseen', { settings: plain, validationShare: 0, length: { epochs: 1 } }));
    const [{ values }] = await readCsvTable(fileOf('unseen', 'metrics.csv'), []);
    expect([values.recallAt1, values.mapAtR]).toEqual(['', '']);
    expect(Number(values.meanDistance)).toBeGreaterThan(0.1);
    expect(Number(values.effectiveRank)).toBeGreaterThan(1);
  });
});

it('has no two columns of one name in any table of metrics', () => {
  const fixed = ['epoch', 'steps', 'loss', 'learningRate', 'recallAt1', 'mapAtR', 'meanDistance'];
  for (const { terms } of losses) {
    const columns = [...fixed, 'effectiveRank', 'imagesPerSecond', 'warnings', ...Object.keys(terms)];
    expect(new Set(columns).size).toBe(columns.length);
  }
});
