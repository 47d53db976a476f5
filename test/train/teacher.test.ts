import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { rowOf, type VectorBlock } from '../../src/math/vectors.js';
import { loadEngine } from '../../src/train/engine.js';
import { losses } from '../../src/train/losses/index.js';
import type { Loss } from '../../src/train/losses/loss.js';
import { openEarlierRun } from '../../src/train/networks/earlier-run.js';
import { checkpointOf } from '../../src/train/run-files.js';
import { loadTensors } from '../../src/train/safetensors.js';
import { withTeacher } from '../../src/train/teacher.js';
import { createClassFolders } from '../fixtures/class-folders.js';
import { runMedoid } from '../fixtures/run-medoid.js';

const random = createRandom('teacher');
const count = 6;
const dimension = 4;
const unitRows = (): VectorBlock => {
  const data = Float32Array.from({ length: count * dimension }, () => random.normal());
  const block = { data, count, dimension };
  for (let row = 0; row < count; row++) {
    const values = rowOf(block, row);
    const length = Math.hypot(...values);
    for (let k = 0; k < dimension; k++) values[k] /= length;
  }
  return block;
};

const createLoss = (name: string): Loss => {
  const definition = losses.find(loss => loss.name === name);
  if (definition === undefined) throw new Error(name);
  return definition.create(definition.options.parse({}));
};

describe('a teacher beside a loss', () => {
  const [batch, targets] = [unitRows(), unitRows()];
  const labels = [0, 0, 1, 1, 2, 2];
  const context = { epoch: 0, targets };

  it('adds the weighted mean of 1 − cosine and its gradient', () => {
    const own = createLoss('multi-similarity');
    const taught = withTeacher(own, 3);
    const { value, gradient, terms } = taught.evaluate(batch, labels, context);
    const before = own.evaluate(batch, labels, context);
    expect(value - before.value).toBeCloseTo(3 * terms.imitation, 5);
    const step = 1e-2;
    for (let k = 0; k < gradient.length; k++) {
      const at = (change: number): number => {
        const data = batch.data.slice();
        data[k] += change;
        return taught.evaluate({ ...batch, data }, labels, context).terms.imitation;
      };
      const slope = (at(step) - at(-step)) / (2 * step);
      expect(gradient[k] - before.gradient[k]).toBeCloseTo(3 * slope, 4);
    }
  });

  it('is nothing where embeddings are what the teacher makes of the images', () => {
    const taught = withTeacher(createLoss('multi-similarity'), 1);
    expect(taught.evaluate(targets, labels, context).terms.imitation).toBeCloseTo(0, 6);
  });

  it('refuses a loss on embeddings of any length', () => {
    expect(() => withTeacher(createLoss('n-pair'), 1)).toThrow(/unit length/);
  });
});

describe('training with a teacher and from an earlier run', () => {
  let folder: string;
  let data: string;
  const at = (name: string): string => join(folder, name);
  const quick = [
    ...['--batch-size', '8', '--dimension', '8', '--warmup-steps', '0', '--json'],
    ...['--validation-share', '0.3', '--skip-report', '--optimizer', 'adam', '--learning-rate', '0.01'],
  ];
  const train = async (name: string, ...options: string[]) => {
    // A backbone says itself what it wants of pixels.
    const size = options.includes('--backbone') ? [] : ['--image-size', '16'];
    const places = ['--data', data, '--out', at(name), '--feature-cache', at('features')];
    const { exitCode, stdout, stderr } = await runMedoid('train', ...places, ...quick, ...size, ...options);
    if (exitCode !== 0) throw new Error(stderr);
    return { ...JSON.parse(stdout), told: stderr };
  };

  const weightsOf = async (name: string) => {
    const { tensors } = await loadTensors(checkpointOf(at(`${name}.training`)));
    return new Map(tensors.map(tensor => [tensor.name, tensor.data]));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-teacher-'));
    data = await createClassFolders(at('data'), { classes: 8, images: 6 });
    await train('teacher', '--network-options', 'width=16', '--steps', '20');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('imitates the model better and better', async () => {
    const taught = ['--network-options', 'width=16', '--teacher', at('teacher'), '--teacher-weight', '10'];
    const short = await train('short', ...taught, '--steps', '3');
    const long = await train('long', ...taught, '--steps', '60');
    expect(long.metrics.terms.imitation).toBeLessThan(0.8 * short.metrics.terms.imitation);
  });

  it('goes on from the weights of an earlier run, for pictures of another size too', async () => {
    const init = ['--init', at('teacher.training'), '--steps', '0'];
    const same = await train('same', ...init);
    const teacher = await train('again', '--network-options', 'width=16', '--steps', '20');
    expect(same.weightsSha256).toBe(teacher.weightsSha256);
    const larger = await train('larger', ...init, '--image-size', '32');
    expect(larger.weightsSha256).toBe(teacher.weightsSha256);
    const begun = await train('begun', ...init, '--dimension', '12');
    expect(begun.told).toContain('its head, of 8 dimensions, is left out for a new one of 12');
    await loadEngine('wasm');
    const { network } = await openEarlierRun(at('teacher.training'));
    const model = await network.build({ inputSize: 16, dimension: 12, hiddenUnits: 0, seed: 0 });
    const given = await weightsOf('teacher');
    for (const weight of model.weights) {
      const isHead = weight.originalName.startsWith('head/');
      const expected = isHead ? expect.anything() : given.get(`model/${weight.originalName}`);
      expect(weight.read().dataSync(), weight.originalName).toEqual(expected);
    }
    model.dispose();
  });

  it('shows pictures to a network as the earlier run did, unless told otherwise', async () => {
    const shown = ['--channels', 'bgr', '--fit', 'contain', '--pixel-mean', '1,2,3'];
    await train('shown', '--network-options', 'width=16', '--steps', '1', '--resize', '20', ...shown);
    const otherwise = ['--image-size', '32', '--fit', 'squash', '--seed', '5', '--steps', '0'];
    const { told } = await train('shown again', '--init', at('shown.training'), ...otherwise);
    expect(told).toContain('it was trained with --seed 0, so that of what is held out with --seed 5');
    const { preprocessing } = JSON.parse(await readFile(join(at('shown again'), 'manifest.json'), 'utf8'));
    expect(preprocessing).toMatchObject({
      ...{ crop: 32, resize: 40, channels: 'bgr', fit: 'squash', mean: [1, 2, 3] },
    });
  });

  it('goes on from the weights of that run, not from the best ones of another one that it replaced', async () => {
    const network = ['--network-options', 'width=16'];
    await train('replaced', ...network, '--steps', '6', '--patience', '3', '--seed', '2');
    await train('replaced', ...network, '--steps', '20', '--overwrite');
    const { weightsSha256 } = await train('next', '--init', at('replaced.training'), '--steps', '0');
    expect(weightsSha256).toBe((await train('unreplaced', ...network, '--steps', '20')).weightsSha256);
  });

  it('lets a head read what its own head reads', async () => {
    const { weightsSha256 } = await train('headed', '--backbone', at('teacher'), '--steps', '1');
    const manifest = JSON.parse(await readFile(join(at('headed'), 'manifest.json'), 'utf8'));
    expect(manifest.weights.sha256).toBe(weightsSha256);
    // Its own embedding has 8 numbers; a fourth stage of width 16 has 128.
    expect(manifest.architecture.options.dimension).toBe(128);
  });

  it('does not go on from a head without the network before it', async () => {
    await train('head', '--backbone', at('teacher'), '--steps', '1');
    await expect(train('headless', '--init', at('head.training'))).rejects.toThrow(/got that of a head/);
  });

  it('asks for the size it is to be served with', async () => {
    await train('served', '--init', at('teacher.training'), '--steps', '0', '--serving-size', '24');
    const { stdout } = await runMedoid('evaluate', '--data', data, '--model', at('served'), '--json');
    const plain = await runMedoid('evaluate', '--data', data, '--model', at('teacher'), '--json');
    expect(JSON.parse(stdout).mapAtR).not.toBe(JSON.parse(plain.stdout).mapAtR);
  });

  it.each([
    [['--teacher', 'teacher', '--dimension', '129'], /teacher of at least 129 features, got 128/],
    [['--teacher', 'teacher', '--loss', 'n-pair', '--sampler', 'n-pair'], /unit length/],
    [['--teacher', 'nowhere'], /nowhere/],
    [['--teacher-weight', '3'], /--teacher-weight: expected --teacher, too/],
    [['--init', 'teacher.training', '--init-layer', 'x'], /got the folder of a training/],
    [['--init', 'teacher'], /expected the folder of a training, .*teacher\.training, got its model/],
    [['--init', 'teacher.training', '--serving-size', '1000'], /at most 1024 pixels, got 1125/],
  ])('says what is wrong with %s', async (options, message) => {
    const named = options.map(option => (/^(teacher|nowhere)/.test(option) ? at(option) : option));
    await expect(train(`wrong ${options.join(' ')}`, ...named)).rejects.toThrow(message);
  });
});
