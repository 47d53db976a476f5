import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClassFolders } from '../fixtures/class-folders.js';
import { runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { encodeTinyBackbone, tinyPreprocessing } from '../fixtures/tiny-backbone.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const pixels = {
  ...{
    imageSize: tinyPreprocessing.crop,
    resize: tinyPreprocessing.resize,
    channels: tinyPreprocessing.channels,
  },
  ...{ pixelMean: [...tinyPreprocessing.mean], pixelStd: [...tinyPreprocessing.std] },
};

const recipe = {
  title: 'Shapes',
  dataset: 'class-folders',
  data: 'shapes',
  train: { classes: 'first:4' },
  test: { classes: 'last:3' },
  training: { ...pixels, dimension: 4, batchSize: 8, steps: 4, warmupSteps: 0, lossOptions: {} },
  seeds: [0],
  losses: { 'facility-location': { grid: { 'lossOptions.gamma': [0.5, 1] } }, triplet: {} },
};

describe('medoid compare', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const compare = async (name: string, content: unknown, ...options: string[]) => {
    await writeFile(at(`${name}.json`), JSON.stringify(content));
    return runMedoid('compare', '--config', at(`${name}.json`), '--out', at(name), ...options);
  };
  const onBackbone = () => ['--backbone', `onnx:${at('tiny.onnx')}`, '--feature-cache', at('features')];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-compare-'));
    await createClassFolders(at('shapes'), { classes: 7, images: 6 });
    await writeFile(at('tiny.onnx'), encodeTinyBackbone());
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('compares heads on a frozen network, its own features beside them, and keeps table and numbers', async () => {
    const { stdout, stderr, exitCode } = await compare('run', recipe, ...onBackbone());
    expect(stderr).toMatch(/facility-location: tuning 2\/2/);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\| \*no training\* \| [\d.]+ /);
    expect(stdout).toMatch(/\| `facility-location` \| .* gamma (0\.5|1) \| 2 \|/);
    expect(stdout).toContain(await readFile(join(at('run'), 'comparison.md'), 'utf8'));
    const { rows, floor } = JSON.parse(await readFile(join(at('run'), 'comparison.json'), 'utf8'));
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(['facility-location', 'triplet']);
    expect(floor.recallAt[1]).toBeGreaterThan(0);
  });

  it('takes a pulled model by its name, and any folder from where the recipe is', async () => {
    await createTinyModel(at('models/pulled'));
    const rest = { dimension: 4, batchSize: 8, steps: 4, warmupSteps: 0 };
    const named = { models: 'models', backbone: 'pulled', featureCache: 'features' };
    const small = { ...recipe, losses: { triplet: {} } };
    const byName = await compare('named', { ...small, training: { ...rest, ...named } }, '--json');
    expect(byName.exitCode, byName.stderr).toBe(0);
    const placed = { ...named, backbone: 'onnx:models/pulled' };
    const byPlace = await compare('placed', { ...small, training: { ...rest, ...placed } }, '--json');
    expect(byPlace.exitCode, byPlace.stderr).toBe(0);
    const measured = ({ stdout }: { stdout: string }) =>
      JSON.parse(stdout).rows.map(({ seconds: _, ...row }: { seconds: number }) => row);
    expect(measured(byName)).toEqual(measured(byPlace));
  });

  it('names the pictures it leaves out', async () => {
    await writeFile(join(at('shapes'), 'class-00', 'broken.png'), 'no picture');
    const { stdout, stderr, exitCode } = await compare('broken', recipe, ...onBackbone(), '--json');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/left out .*broken\.png/);
    expect(JSON.parse(stdout).failed).toMatchObject([{ code: 'unsupported-image' }]);
    await rm(join(at('shapes'), 'class-00', 'broken.png'));
  });

  it('says what is wrong with a recipe before it reads an image', async () => {
    const wrong: [unknown, RegExp][] = [
      [{ ...recipe, sedes: [1] }, /not a recipe: .*sedes/s],
      [{ ...recipe, training: { ...recipe.training, learningRat: 1 } }, /the recipe: .*learningRat/s],
      [{ ...recipe, training: { ...recipe.training, learningRate: -1 } }, /the recipe: .*learningRate/s],
      [
        { ...recipe, losses: { triplet: { training: { imageSize: 64 } } } },
        /expected no imageSize in losses\.triplet\.training/,
      ],
      [
        { ...recipe, losses: { triplet: { grid: { epochs: [1, 2] } } } },
        /expected no epochs in losses\.triplet\.grid/,
      ],
      [{ ...recipe, training: { ...recipe.training, loss: 'triplet' } }, /expected no loss in training/],
      [{ ...recipe, test: { classes: 'all' } }, /expected test classes that are not trained on, got 4/],
      [{ ...recipe, losses: { triplet: { training: { lossOptions: { gama: 1 } } } } }, /gama/],
      [{ ...recipe, data: undefined }, /expected --data, or data in/],
      [{ ...recipe, losses: { tripplet: {} } }, /loss/],
    ];
    for (const [i, [content, message]] of wrong.entries()) {
      const { stdout, stderr, exitCode } = await compare(`wrong-${i}`, content, ...onBackbone());
      expect([stdout, exitCode], stderr).toEqual(['', 2]);
      expect(stderr).toMatch(message);
      expect(existsSync(join(at(`wrong-${i}`), 'trials'))).toBe(false);
    }
    const missing = await runMedoid('compare', '--config', at('none.json'), '--out', at('none'));
    expect(missing.stderr).toMatch(/file-not-found: expected a recipe/);
  });
});

describe('medoid train with a network from elsewhere', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const train = (out: string, ...options: string[]) =>
    runMedoid(
      ...['train', '--data', at('shapes'), '--out', at(out), '--steps', '4', '--batch-size', '8'],
      ...['--dimension', '4', '--warmup-steps', '0', '--json', ...options],
    );
  const { crop, resize, channels, mean, std } = tinyPreprocessing;
  const looks = [
    ...['--image-size', String(crop), '--resize', String(resize), '--channels', channels],
    ...['--pixel-mean', mean.join(','), '--pixel-std', std.join(',')],
  ];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-backbone-'));
    await createClassFolders(at('shapes'), { classes: 6, images: 6 });
    await writeFile(at('tiny.onnx'), encodeTinyBackbone());
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('trains a head on a frozen one and writes a model like any other, with a report', async () => {
    const backbone = ['--backbone', `onnx:${at('tiny.onnx')}`, '--feature-cache', at('features')];
    const { stdout, stderr, exitCode } = await train('head', ...backbone, ...looks, '--hidden-units', '8');
    expect(exitCode, stderr).toBe(0);
    const { report, floor } = JSON.parse(stdout);
    expect(floor.recallAt1).toBeGreaterThan(0);
    expect(stderr).toContain(`the backbone's own features: Recall@1 ${floor.recallAt1.toFixed(4)}`);
    expect(await readFile(report, 'utf8')).toContain('feature-head');
    const manifest = JSON.parse(await readFile(join(at('head'), 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      dimension: 4,
      architecture: { network: 'feature-head' },
      preprocessing: { channels: 'bgr' },
    });
    const evaluated = await runMedoid('evaluate', '--model', at('head'), '--data', at('shapes'), '--json');
    expect(JSON.parse(evaluated.stdout).images).toBe(36);
    // On that model's own embeddings in its turn: what it wants of pixels is in its manifest.
    const again = await train('again', '--backbone', `onnx:${at('head')}`, '--feature-cache', at('features'));
    expect(again.exitCode, again.stderr).toBe(0);
    const refused = await train(
      'no',
      '--backbone',
      `onnx:${at('head')}`,
      '--feature-cache',
      at('features'),
      ...looks,
    );
    expect(refused.stderr).toMatch(/expected no preprocessing .* manifest/);
  });

  it('trains a head on tokens when told how to pool them, and exports the pooling with it', async () => {
    await writeFile(at('tokens.onnx'), encodeTinyBackbone({ rank: 3 }));
    const backbone = ['--backbone', at('tokens.onnx'), '--feature-cache', at('features'), '--skip-report'];
    const refused = await train('tokens', ...backbone, ...looks);
    expect(refused.stdout).toMatch(/or a pooling for tokens \[n, t, d\]/);
    const trained = await train('tokens', ...backbone, ...looks, '--backbone-pooling', 'mean');
    expect(trained.exitCode, trained.stderr).toBe(0);
    const manifest = JSON.parse(await readFile(join(at('tokens'), 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ dimension: 4, output: 'embedding' });
    expect(manifest.pooling).toBeUndefined();
    const evaluated = await runMedoid('evaluate', '--model', at('tokens'), '--data', at('shapes'), '--json');
    expect(JSON.parse(evaluated.stdout).images).toBe(36);
  });

  it('is refused while another run trains to the same place', async () => {
    const long = [
      'train',
      '--data',
      at('shapes'),
      '--out',
      at('busy'),
      '--steps',
      '100000',
      '--batch-size',
      '8',
    ];
    const first = startMedoid(long);
    await first.seen(/epoch 1/);
    const second = await runMedoid(...long, '--overwrite');
    expect(second.stderr).toMatch(/run-locked: another process holds .*write\.lock/);
    expect(second.exitCode).toBe(1);
    first.child.kill('SIGINT');
    expect((await first.finished).exitCode).toBe(130);
  });

  it('refuses options that do not go together', async () => {
    const backbone = ['--backbone', `onnx:${at('tiny.onnx')}`, '--feature-cache', at('features')];
    const wrong: [string[], RegExp][] = [
      [[...backbone, '--network', 'resnet'], /expected one of --network, --init and --backbone/],
      [
        [...backbone, ...looks, '--crop-scale', '0.5'],
        /--crop-scale, --colour-jitter and --degraded-share: expected none/,
      ],
      [[...backbone, ...looks, '--network-options', 'width=4'], /--network-options: expected --network/],
      [backbone, /expected the preprocessing of/],
      [['--backbone', at('tiny.onnx')], /expected the preprocessing of/],
      [['--backbone', 'onnx:'], /expected a model, a folder/],
      [['--backbone-pooling', 'cls'], /expected --backbone, too/],
      [['--init-layer', 'features'], /--init-layer: expected --init, too/],
      [['--resize', '20'], /--resize: expected at least the 64 pixels/],
      [['--pixel-mean', '1,2'], /expected three numbers/],
      [['--pixel-std', '0,1,1'], /--pixel-std/],
      [['--pixel-mean', '1,,3'], /--pixel-mean/],
      [['--image-size', '1000'], /expected --resize, too, of at most 1024/],
      [['--feature-views', '2'], /expected --backbone, too/],
      [['--scaled-share', '0.5'], /--scaled-share: expected --crop-scale, too/],
      [['--optimizer', 'adamm'], /optimizer/],
      [['--optimizer-options', 'decy=1'], /decy/],
    ];
    for (const [options, message] of wrong) {
      const { stdout, exitCode } = await train('wrong', ...options);
      expect(exitCode, stdout).toBe(2);
      expect(stdout).toMatch(message);
      expect(existsSync(at('wrong.training'))).toBe(false);
    }
    const { stdout } = await train('wrong', '--init', at('none.json'));
    expect(stdout).toMatch(/file-not-found/);
  });
});
