import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClassFolders } from '../fixtures/class-folders.js';
import { HubServer, hash } from '../fixtures/hub-server.js';
import { runMedoid, startMedoid } from '../fixtures/run-medoid.js';
import { encodeTinyBackbone, tinyPreprocessing } from '../fixtures/tiny-backbone.js';

const { crop, resize, channels, mean, std } = tinyPreprocessing;
const looks = [
  ...['--image-size', String(crop), '--resize', String(resize), '--channels', channels],
  ...['--pixel-mean', mean.join(','), '--pixel-std', std.join(',')],
];
const file = 'onnx/model.onnx';
const tokens = encodeTinyBackbone({ rank: 3, dimension: 12 });

describe('models pull, list, verify and remove', () => {
  let hub: HubServer;
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const models = (): string[] => ['--models', at('models')];
  const pull = (model: string, ...options: string[]) =>
    runMedoid('models', 'pull', model, ...models(), '--hub-url', hub.url, '--json', ...options);
  const json = async (running: ReturnType<typeof runMedoid>) => {
    const { stdout, stderr, exitCode } = await running;
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    hub = await HubServer.start();
    folder = await mkdtemp(join(tmpdir(), 'medoid-models-'));
    hub.put('tiny/tokens', file, { bytes: tokens, commit: 'c'.repeat(40), license: 'mit' });
    await createClassFolders(at('shapes'), { classes: 6, images: 6 });
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await hub.close();
    await rm(folder, { recursive: true });
  });

  it('pulls a model that is then measured and trained on by its name', async () => {
    const pulled = await json(pull('tiny/tokens', '--file', file, '--pooling', 'cls', ...looks));
    expect(pulled).toMatchObject({ name: 'tokens', wasThere: false, dimension: 12, sha256: hash(tokens) });
    const again = await json(pull('tiny/tokens', '--file', file, '--pooling', 'cls', ...looks));
    expect(again).toEqual({ ...pulled, wasThere: true });

    const data = ['--data', at('shapes')];
    const byName = await json(runMedoid('evaluate', '--model', 'tokens', ...models(), ...data, '--json'));
    expect(byName).toMatchObject({ images: 36, modelId: expect.stringMatching(/^tokens@/) });

    const head = ['--out', at('head'), '--steps', '4', '--batch-size', '8', '--dimension', '4'];
    const { stderr } = await startMedoid([
      ...['train', ...data, ...head, '--backbone', 'tokens', ...models(), '--feature-cache', at('features')],
      ...['--warmup-steps', '0', '--skip-report', '--json'],
    ]).finished;
    expect(stderr).toMatch(/the backbone's own features: Recall@1/);
    const headed = await json(runMedoid('evaluate', '--model', at('head'), ...data, '--json'));
    expect(headed.images).toBe(36);
  });

  it('is indexed with, and searched with when it has been removed', async () => {
    await json(pull('tiny/tokens', '--file', file, '--pooling', 'cls', '--name', 'gone', ...looks));
    const gallery = ['--gallery', at('gallery')];
    const indexed = await json(
      runMedoid('index', at('shapes'), ...gallery, '--model', 'gone', ...models(), '--json'),
    );
    expect(indexed).toMatchObject({ added: 36, failed: [] });

    // A gallery has a copy of its model.
    await json(runMedoid('models', 'remove', 'gone', ...models(), '--json'));
    const { results } = await json(runMedoid('search', at('shapes/class-00/0.png'), ...gallery, '--json'));
    expect(results[0].distance).toBeCloseTo(0, 4);
  });

  it('lists what is kept and what could be, and finds what is damaged', async () => {
    await json(pull('tiny/tokens', '--file', file, '--pooling', 'mean', '--name', 'mine', ...looks));
    const { models: kept, available } = await json(runMedoid('models', 'list', ...models(), '--json'));
    expect(kept.filter(({ name }: { name: string }) => name === 'mine')).toMatchObject([
      {
        name: 'mine',
        kind: 'pulled',
        dimension: 12,
        imageSize: 32,
        bytes: tokens.length,
        sha256: hash(tokens),
        fault: null,
      },
    ]);
    const [{ source }] = kept;
    expect(source).toMatchObject({ repository: 'tiny/tokens', license: 'mit' });
    expect(available.map(({ name }: { name: string }) => name)).toContain('dinov2-small');
    await json(runMedoid('models', 'verify', 'mine', ...models(), '--json'));
    await appendFile(join(at('models'), 'mine', 'model.onnx'), 'x');
    for (const [verb, exit] of [
      ['list', 0],
      ['verify', 1],
    ] as const) {
      const { stdout, exitCode } = await runMedoid('models', verb, ...models());
      expect(exitCode).toBe(exit);
      expect(stdout).toMatch(/mine .*damaged\n/);
      expect(stdout).toMatch(/expected SHA-256/);
    }
  });

  it.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('goes on after %s with the same command', async (signal, exit) => {
    const name = signal.toLowerCase();
    const part = join(at('models'), `${name}.pulling`, 'model', 'model.onnx');
    hub.faults.push({ at: 'body', silentAfter: 5_000 });
    const asked = hub.requests.length;
    const args = ['models', 'pull', 'tiny/tokens', ...models(), '--hub-url', hub.url, '--name', name];
    const options = ['--file', file, '--pooling', 'cls', ...looks];
    const running = startMedoid([...args, ...options]);
    const size = async () => (await stat(part).catch(() => undefined))?.size;
    await expect.poll(size, { timeout: 30_000 }).toBe(5_000);
    running.child.kill(signal);
    const { exitCode, stderr } = await running.finished;
    expect(exitCode, stderr).toBe(exit);
    await json(runMedoid(...args, ...options, '--json'));
    const bodies = hub.requests.slice(asked).filter(({ at }) => at === 'body');
    expect(bodies.map(({ range }) => range)).toEqual([undefined, 'bytes=5000-']);
    await json(runMedoid('models', 'verify', name, ...models(), '--json'));
  });

  it('takes token and mirror from the environment', async () => {
    hub.put('tiny/private', file, { bytes: tokens, commit: 'e'.repeat(40), token: 'hf_secret' });
    const args = [
      'models',
      'pull',
      'tiny/private',
      ...models(),
      '--file',
      file,
      '--pooling',
      'cls',
      ...looks,
    ];
    vi.stubEnv('HF_ENDPOINT', `${hub.url}/`);
    vi.stubEnv('HF_TOKEN', '');
    const refused = await runMedoid(...args);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/unauthenticated: .*HF_TOKEN/);
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    expect(await json(runMedoid(...args, '--json'))).toMatchObject({ source: { hub: hub.url } });
  });

  it('refuses what cannot be meant', async () => {
    const wrong: [string[], RegExp][] = [
      [['dinov2-smal'], /got dinov2-smal; the nearest is dinov2-small/],
      [['dinov2-small', '--file', 'model.onnx'], /--file is known of dinov2-small/],
      [['tiny/tokens', '--file', file], /expected --file, --image-size, --pixel-mean and --pixel-std/],
      [['tiny/tokens', ...looks], /expected --file/],
      [['tiny/tokens', '--file', '../model.onnx', ...looks], /within the repository/],
      [['tiny/tokens', '--file', file, '--name', '../up', ...looks], /no folder/],
      [['tiny/tokens', '--file', file, '--name', 'a.pulling', ...looks], /another ending/],
      [['tiny/tokens.old', '--file', file, ...looks], /expected --name/],
      [['tiny/-tokens', '--file', file, ...looks], /expected --name/],
      [['tiny/../tokens', '--file', file, ...looks], /owner\/name of a repository/],
    ];
    const asked = hub.requests.length;
    for (const [[model, ...options], message] of wrong) {
      const { stdout, exitCode } = await pull(model, ...options);
      expect(exitCode, stdout).toBe(2);
      expect(stdout).toMatch(message);
    }
    expect(hub.requests).toHaveLength(asked);
    const missing = await runMedoid('models', 'remove', 'none', ...models());
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/not-found: there is no model none/);
  });
});
