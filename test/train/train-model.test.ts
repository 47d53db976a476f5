import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classFolders } from '../../src/datasets/class-folders.js';
import type { Dataset } from '../../src/datasets/dataset.js';
import { selectClasses } from '../../src/datasets/select-classes.js';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { MedoidError } from '../../src/errors.js';
import { embedExamples } from '../../src/evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { defaultPreprocessing } from '../../src/images/preprocessing.js';
import { findBlock } from '../../src/train/gradient-graph/gradient-runner.js';
import { losses } from '../../src/train/losses/index.js';
import { namedNetwork } from '../../src/train/networks/named-network.js';
import { runDirectoryOf } from '../../src/train/run-files.js';
import { loadTensors, saveTensors } from '../../src/train/safetensors.js';
import { samplers } from '../../src/train/samplers/index.js';
import { tf } from '../../src/train/tf.js';
import { type TrainingRequest, trainModel } from '../../src/train/train-model.js';
import { createClassFolders } from '../fixtures/class-folders.js';

// Elsewhere WebAssembly trains.
const hasBlocks = (await findBlock()) !== undefined;

const steps = 7;

describe('training a model', () => {
  let folder: string;
  let dataset: Dataset;
  const outOf = (name: string): string => join(folder, 'models', name);
  const request = (name: string, changes: Partial<TrainingRequest> = {}): TrainingRequest => ({
    dataset,
    datasetName: 'class-folders',
    validationShare: 0.3,
    network: namedNetwork({ name: 'resnet', options: { width: 4 } }),
    settings: {
      loss: { name: 'facility-location', options: {} },
      sampler: { name: 'c-over-m', options: {} },
      augmentation: { cropScale: 0, colourJitter: 0 },
      ...{
        preprocessing: defaultPreprocessing(16),
        dimension: 8,
        batchSize: 12,
        classShare: 0.34,
        learningRate: 0.003,
      },
      ...{ schedule: 'cosine', warmupSteps: 2, seed: 5 },
    },
    length: { steps },
    engine: 'wasm',
    out: outOf(name),
    existing: 'refuse',
    signal: new AbortController().signal,
    ...changes,
  });
  const stopAfter = (step: number) => {
    const controller = new AbortController();
    const observer: TrainingRequest['observer'] = {
      onStep: progress => {
        if (progress.step === step) controller.abort();
      },
    };
    return { signal: controller.signal, observer };
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-train-'));
    await createClassFolders(join(folder, 'data'), { classes: 10, images: 6 });
    dataset = await classFolders.read(join(folder, 'data'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives the same weights for the same seed and others for another', async () => {
    const first = await trainModel(request('first'));
    const again = await trainModel(request('again'));
    const { settings } = request('other');
    const other = await trainModel(request('other', { settings: { ...settings, seed: 6 } }));
    expect(first.completed).toBe(true);
    expect(again.manifest?.weights.sha256).toBe(first.manifest?.weights.sha256);
    expect(other.manifest?.weights.sha256).not.toBe(first.manifest?.weights.sha256);
  });

  it.runIf(hasBlocks)(
    'is computed by ONNX Runtime where it knows the network, with the same weights whether stopped or not',
    async () => {
      const network = namedNetwork({ name: 'resnet', options: { width: 16 } });
      const by = (engine: TrainingRequest['engine'], changes: Partial<TrainingRequest> = {}) => ({
        ...{ network, engine },
        ...changes,
      });
      const whole = await trainModel(request('graph-whole', by('auto')));
      expect(whole.settings.engine).toBe('onnx');
      await trainModel(request('graph-stopped', by('onnx', stopAfter(3))));
      const resumed = await trainModel(request('graph-stopped', by('onnx', { existing: 'resume' })));
      expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
      const recorded = await trainModel(request('recorded', by('wasm')));
      expect(recorded.history[0].loss).toBeCloseTo(whole.history[0].loss, 3);
      const narrow = await trainModel(request('narrow', { engine: 'auto', length: { steps: 0 } }));
      expect(narrow.settings.engine).toBe('wasm');
      await expect(trainModel(request('refused', { engine: 'onnx' }))).rejects.toMatchObject({
        code: 'engine-unavailable',
        message: expect.stringMatching(/--engine onnx: .*expected a multiple of \d+ channels, got 4/),
      });
    },
  );

  it('logs a line an epoch with the energies, the margin and Recall@1 of held-out classes', async () => {
    const losses: number[] = [];
    const observer: TrainingRequest['observer'] = { onStep: (_, { value }) => losses.push(value) };
    const { history } = await trainModel(request('logged', { observer }));
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value) / values.length;
    expect(history[0].loss).toBeCloseTo(mean(losses.slice(0, 4)), 6);
    expect(history[1].loss).toBeCloseTo(mean(losses.slice(4)), 6);
    // 42 images of 7 classes: 4 batches an epoch; 7 steps are one epoch and a part.
    expect(history.map(({ epoch, steps: done }) => [epoch, done])).toEqual([
      [1, 4],
      [2, 7],
    ]);
    for (const { loss, terms, recallAt1, imagesPerSecond } of history) {
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(terms.energy).toBeLessThan(0);
      expect(terms.oracleEnergy).toBeLessThan(0);
      expect(terms.nmi + terms.margin).toBeCloseTo(1, 9);
      expect(recallAt1).toBeGreaterThanOrEqual(0);
      expect(imagesPerSecond).toBeGreaterThan(0);
    }
    const text = await readFile(join(runDirectoryOf(outOf('logged')), 'metrics.jsonl'), 'utf8');
    expect(
      text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual(history);
  });

  it.each([1, 3, 4, 6])(
    'continues after a stop at step %d to the weights of a run without one',
    async step => {
      const whole = await trainModel(request(`whole-${step}`));
      const name = `stopped-${step}`;
      const stopped = await trainModel(request(name, stopAfter(step)));
      expect(stopped).toMatchObject({ completed: false, steps: step, manifest: undefined });
      expect(existsSync(outOf(name))).toBe(false);
      const resumed = await trainModel(request(name, { existing: 'resume' }));
      expect(resumed.completed).toBe(true);
      expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
      const timeless = (history: typeof whole.history) =>
        history.map(entry => ({ ...entry, imagesPerSecond: 0, seconds: 0 }));
      expect(timeless(resumed.history)).toEqual(timeless(whole.history));
    },
  );

  it('continues a checkpoint from before there were optimisers, margins, crops and an end to choose from, and less was measured', async () => {
    const whole = await trainModel(request('new'));
    await trainModel(request('old', stopAfter(5)));
    const checkpoint = join(runDirectoryOf(outOf('old')), 'checkpoint.safetensors');
    const { tensors, metadata } = await loadTensors(checkpoint);
    const { optimizer, clipNorm, loss, ...settings } = JSON.parse(metadata.settings);
    expect([optimizer.name, clipNorm, loss.options.margin]).toEqual(['rmsprop', 0, 'nmi']);
    delete loss.options.margin;
    for (const name of ['patience', 'monitor']) delete settings[name];
    delete settings.augmentation.scaledShare;
    const progress = JSON.parse(metadata.progress);
    for (const name of ['mapAtR', 'meanDistance', 'effectiveRank', 'warnings'])
      expect(delete progress.history[0][name]).toBe(true);
    const old = {
      ...metadata,
      settings: JSON.stringify({ ...settings, loss }),
      progress: JSON.stringify(progress),
    };
    await saveTensors(checkpoint, { tensors, metadata: old });
    const resumed = await trainModel(request('old', { existing: 'resume' }));
    expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
  });

  it.each(['proxy-anchor', 'normalised-softmax'])(
    'continues with %s to the same weights and class vectors, and exports only the network',
    async name => {
      const { settings } = request(name);
      const learning = { settings: { ...settings, loss: { name, options: { learningRateFactor: 3 } } } };
      const whole = await trainModel(request(`${name}-whole`, learning));
      const stopped = request(`${name}-stopped`, { ...learning, ...stopAfter(3) });
      expect((await trainModel(stopped)).completed).toBe(false);
      const tensorsOf = async (out: string) => {
        const { tensors } = await loadTensors(join(runDirectoryOf(outOf(out)), 'checkpoint.safetensors'));
        return tensors.filter(tensor => tensor.name.startsWith('classes/'));
      };
      // 7 of the 10 classes are trained on.
      expect((await tensorsOf(`${name}-stopped`)).map(tensor => [tensor.name, tensor.shape])).toEqual([
        ['classes/vectors', [7, 8]],
        ['classes/meanSquares', [7, 8]],
      ]);
      const between = await tensorsOf(`${name}-stopped`);
      const resumed = await trainModel(request(`${name}-stopped`, { ...learning, existing: 'resume' }));
      expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
      expect(await tensorsOf(`${name}-stopped`)).toEqual(await tensorsOf(`${name}-whole`));
      expect(await tensorsOf(`${name}-stopped`)).not.toEqual(between);
      const plain = await trainModel(request(`${name}-plain`, { length: { steps: 1 } }));
      expect(resumed.manifest?.weights.parameters).toBe(plain.manifest?.weights.parameters);
    },
  );

  it.each(losses.map(({ name }) => name))('takes steps with %s', async name => {
    const { settings } = request(`step-${name}`);
    const before = tf.memory().numTensors;
    const { completed, history } = await trainModel(
      request(`step-${name}`, {
        settings: { ...settings, loss: { name, options: {} } },
        length: { steps: 4 },
      }),
    );
    expect(completed).toBe(true);
    expect(history[0].loss).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(samplers.map(({ name }) => name))(
    'continues with the sampler %s to the same weights',
    async name => {
      const { settings } = request(name);
      const sampling = { settings: { ...settings, sampler: { name, options: {} } } };
      const before = tf.memory().numTensors;
      const whole = await trainModel(request(`${name}-unbroken`, sampling));
      await trainModel(request(`${name}-broken`, { ...sampling, ...stopAfter(2) }));
      const resumed = await trainModel(request(`${name}-broken`, { ...sampling, existing: 'resume' }));
      expect(resumed.manifest?.weights.sha256).toBe(whole.manifest?.weights.sha256);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('refuses to continue with other settings, other images, a damaged checkpoint or none', async () => {
    const resume = (changes: Partial<TrainingRequest>) =>
      trainModel(request('refused', { existing: 'resume', ...changes }));
    await expect(resume({})).rejects.toMatchObject({ code: 'invalid-checkpoint' });
    await trainModel(request('refused', stopAfter(2)));
    const { settings } = request('refused');
    await expect(resume({ settings: { ...settings, learningRate: 0.1 } })).rejects.toThrow(/learningRate/);
    await expect(resume({ validationShare: 0 })).rejects.toThrow(/images changed/);
    const checkpoint = join(runDirectoryOf(outOf('refused')), 'checkpoint.safetensors');
    const bytes = await readFile(checkpoint);
    await writeFile(checkpoint, bytes.subarray(0, bytes.length - 100));
    await expect(resume({})).rejects.toMatchObject({ code: 'invalid-checkpoint' });
  });

  it('never replaces what it did not write, and a model only when told to', async () => {
    await mkdir(outOf('photos'), { recursive: true });
    await writeFile(join(outOf('photos'), 'precious.jpg'), 'bytes');
    for (const existing of ['refuse', 'overwrite'] as const) {
      await expect(trainModel(request('photos', { existing }))).rejects.toMatchObject({ code: 'out-exists' });
    }
    expect(await readFile(join(outOf('photos'), 'precious.jpg'), 'utf8')).toBe('bytes');
    await trainModel(request('replaced', { length: { steps: 0 } }));
    await expect(trainModel(request('replaced'))).rejects.toMatchObject({ code: 'out-exists' });
    const { manifest } = await trainModel(request('replaced', { existing: 'overwrite' }));
    expect(manifest?.training?.steps).toBe(steps);
  });

  it('leaves out images that cannot be read and names them', async () => {
    const [example] = dataset.examples;
    const broken = { path: join(folder, 'broken.png'), label: example.label };
    await writeFile(broken.path, 'no picture');
    const examples = [...dataset.examples, broken, { ...broken, path: join(folder, 'missing.png') }];
    const { failed, manifest } = await trainModel(
      request('broken', { dataset: { ...dataset, examples }, length: { steps: 1 }, validationShare: 0 }),
    );
    expect(failed.map(({ path, code }) => [path, code]).sort()).toEqual([
      [broken.path, 'unsupported-image'],
      [join(folder, 'missing.png'), 'file-not-found'],
    ]);
    expect(manifest?.training?.images).toBe(dataset.examples.length);
  });

  it('knows the training data by its content, not by the order of its files', async () => {
    const shaOf = async (name: string, examples: typeof dataset.examples) => {
      const changed = { dataset: { ...dataset, examples }, length: { steps: 0 }, validationShare: 0 };
      return (await trainModel(request(name, changed))).manifest?.training?.dataSha256;
    };
    const sha256 = await shaOf('in-order', dataset.examples);
    expect(await shaOf('reversed', [...dataset.examples].reverse())).toBe(sha256);
    expect(await shaOf('one-less', dataset.examples.slice(1))).not.toBe(sha256);
    const [first, ...others] = dataset.examples;
    expect(await shaOf('relabelled', [{ ...first, label: 'class-09' }, ...others])).not.toBe(sha256);
  });

  it('refuses unknown options and a learning rate that leaves the finite numbers', async () => {
    const { settings } = request('bad');
    expect(() => namedNetwork({ name: 'resnet', options: { widht: 4 } })).toThrow(/widht/);
    const withSampler = { ...settings, sampler: { name: 'p-by-k', options: { k: 4 } } };
    await expect(trainModel(request('bad', { settings: withSampler }))).rejects.toThrow(/"k"/);
    const wild = { ...settings, learningRate: 1e30, warmupSteps: 0 };
    const diverging = trainModel(request('wild', { settings: wild, length: { steps: 60 } }));
    await expect(diverging).rejects.toMatchObject({ code: 'training-diverged' });
  });

  it('keeps no tensor behind', async () => {
    const counts: number[] = [];
    const observer = { onStep: () => counts.push(tf.memory().numTensors) };
    await trainModel(request('memory', { observer, length: { steps: 12 } }));
    // The optimiser makes its memory in the first step.
    expect(new Set(counts.slice(1)).size).toBe(1);
    const before = tf.memory().numTensors;
    await trainModel(request('memory-again'));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('writes a model that embeds unseen classes better than the untrained network', async () => {
    const root = await createClassFolders(join(folder, 'more'), { classes: 20, images: 30 });
    const more = await classFolders.read(root);
    const half = await selectClasses(more, { selection: 'first:10', excluded: [] });
    const unseen = await selectClasses(more, { selection: 'last:10', excluded: [] });
    const { settings } = request('learnt');
    const larger = {
      ...settings,
      learningRate: 0.005,
      batchSize: 40,
    };
    const network = namedNetwork({ name: 'resnet', options: { width: 8 } });
    const mapAfter = async (name: string, length: { steps: number }): Promise<number> => {
      await trainModel(
        request(name, { network, dataset: half, settings: larger, length, validationShare: 0 }),
      );
      const embedder = await OnnxEmbedder.open(outOf(name));
      const { signal } = new AbortController();
      const { block, labels } = await embedExamples(unseen.examples, embedder, { signal });
      await embedder.close();
      return (await evaluateEmbeddings(block, labels, { ks: [1], seed: 0 })).mapAtR;
    };
    const untrained = await mapAfter('untrained', { steps: 0 });
    const learnt = await mapAfter('learnt', { steps: 150 });
    expect(learnt).toBeGreaterThan(1.5 * untrained);
  });

  it.each([
    ['every image of one class', { batchSize: 12, classShare: 0.05 }],
    ['every image of another class', { batchSize: 6, classShare: 1 }],
  ])('refuses batches with %s, which would train nothing', async (_, batches) => {
    const { settings } = request('nothing');
    await expect(trainModel(request('nothing', { settings: { ...settings, ...batches } }))).rejects.toThrow(
      /class-share/,
    );
  });

  it('never replaces a folder that somebody else made meanwhile, nor the one it is started in', async () => {
    const observer: TrainingRequest['observer'] = {
      onEpoch: () => {
        mkdirSync(outOf('meanwhile'), { recursive: true });
        writeFileSync(join(outOf('meanwhile'), 'precious.txt'), 'bytes');
      },
    };
    const late = trainModel(request('meanwhile', { observer }));
    await expect(late).rejects.toMatchObject({ code: 'out-exists' });
    expect(await readFile(join(outOf('meanwhile'), 'precious.txt'), 'utf8')).toBe('bytes');
    await expect(trainModel(request('', { out: '' }))).rejects.toMatchObject({ code: 'out-exists' });
  });

  it('does not care how the files are called', async () => {
    const before = await trainModel(request('named'));
    const paths = new Map(
      dataset.examples.map(({ path }, i) => [path, join(folder, 'renamed', `${999 - i}.png`)]),
    );
    await mkdir(join(folder, 'renamed'), { recursive: true });
    for (const [from, to] of paths) await copyFile(from, to);
    const examples = dataset.examples.map(example => ({
      ...example,
      path: paths.get(example.path) as string,
    }));
    const after = await trainModel(
      request('renamed', { dataset: { ...dataset, examples: examples.reverse() } }),
    );
    expect(after.manifest?.weights.sha256).toBe(before.manifest?.weights.sha256);
  });

  it('throws only errors that say what is wrong', async () => {
    const [{ label }] = dataset.examples;
    const one = { classes: [label], examples: dataset.examples.filter(example => example.label === label) };
    const failure = await trainModel(request('one', { dataset: one })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MedoidError);
  });
});
