import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/commands/lock-folder.js';
import { OnnxEmbedder } from '../../src/embed/embedder.js';
import { loadModel, modelId } from '../../src/embed/manifest.js';
import { MedoidError } from '../../src/errors.js';
import { listModelNames, removeModel } from '../../src/hub/kept-models.js';
import { type PullOptions, pullModel, type WantedModel } from '../../src/hub/pull-model.js';
import { normalise } from '../../src/math/vectors.js';
import { HubServer, hash } from '../fixtures/hub-server.js';
import { createPicture } from '../fixtures/images.js';
import { encodeTinyBackbone, tinyPreprocessing, withExternalData } from '../fixtures/tiny-backbone.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

const repository = 'tiny/backbone';
const file = 'onnx/model.onnx';
const commit = 'a'.repeat(40);
const later = 'b'.repeat(40);
/** Long enough to be cut in the middle, more than once. */
const weights = encodeTinyBackbone({ dimension: 64 });
const others = encodeTinyBackbone({ dimension: 64, seed: 1 });
const wanted: WantedModel = {
  ...{ name: 'tiny', repository, file, revision: 'main', preprocessing: tinyPreprocessing },
};

describe('pulling a model', () => {
  let hub: HubServer;
  let models: string;
  let notices: string[];
  let progress: number[];
  const directory = () => join(models, 'tiny');
  const pull = (changed: Partial<WantedModel> = {}, options: Partial<PullOptions> = {}) =>
    pullModel(
      { ...wanted, ...changed },
      {
        ...{ models, hubUrl: hub.url, force: false, lock: lockFolder },
        ...{ stallMs: 10_000, retryDelaysMs: [1, 1] },
        signal: new AbortController().signal,
        onProgress: done => progress.push(done),
        onNotice: message => notices.push(message),
        ...options,
      },
    );
  const failure = async (pulling: Promise<unknown>): Promise<MedoidError> => {
    const error = await pulling.then(
      () => expect.fail('expected an error'),
      thrown => thrown,
    );
    expect(error, String(error?.stack)).toBeInstanceOf(MedoidError);
    return error;
  };
  const expectWhole = async (bytes = weights) => {
    const { manifest, weights: written } = await loadModel(directory());
    expect(Buffer.from(written).equals(bytes)).toBe(true);
    expect(existsSync(`${directory()}.pulling`)).toBe(false);
    return manifest;
  };
  const partBytes = async (): Promise<number> =>
    (await stat(join(`${directory()}.pulling`, 'model', 'model.onnx'))).size;

  beforeEach(async () => {
    hub = await HubServer.start();
    models = join(await mkdtemp(join(tmpdir(), 'medoid-pull-')), 'models');
    [notices, progress] = [[], []];
    hub.put(repository, file, { bytes: weights, commit, license: 'apache-2.0' });
  });
  afterEach(async () => {
    await hub.close();
    await rm(join(models, '..'), { recursive: true });
  });

  it('writes a model directory that says where it came from, and embeds', async () => {
    const { manifest, wasThere } = await pull();
    expect(wasThere).toBe(false);
    expect(await expectWhole()).toEqual(manifest);
    expect(manifest).toMatchObject({
      ...{
        name: 'tiny',
        input: 'image',
        output: 'features',
        dimension: 64,
        preprocessing: tinyPreprocessing,
      },
      weights: { file: 'model.onnx', sha256: hash(weights), parameters: 64 * 3 * 8 * 8 },
      source: { hub: hub.url, repository, file, revision: 'main', commit, license: 'apache-2.0' },
    });
    expect(manifest.training).toBeUndefined();
    expect(await readdir(models)).toEqual(['tiny']);
    expect(progress.at(-1)).toBe(weights.length);
    const embedder = await OnnxEmbedder.open(directory(), { threads: 1 });
    const [embedding] = await embedder.embed([await createPicture(1)]);
    expect(embedding).toHaveLength(64);
    expect(embedding).toEqual(normalise(embedding.slice()));
    await embedder.close();
  });

  it('writes the pooling of tokens into the manifest, and into its id', async () => {
    hub.put(repository, file, { bytes: encodeTinyBackbone({ rank: 3 }), commit });
    const refused = await failure(pull());
    expect(refused).toMatchObject({
      code: 'invalid-model',
      message: expect.stringMatching(/a pooling for tokens/),
    });
    // The bytes are kept meanwhile.
    const { manifest } = await pull({ pooling: 'cls' });
    expect(hub.ranges()).toEqual([undefined]);
    expect(manifest).toMatchObject({ pooling: 'cls', dimension: 6, source: { license: null } });
    const { pooling: _, ...unpooled } = manifest;
    expect(modelId(manifest)).not.toBe(modelId(unpooled));
  });

  it('has nothing to do the second time, without asking where a commit or a hash was named', async () => {
    await pull({ sha256: hash(weights) });
    const asked = hub.requests.length;
    expect((await pull({ sha256: hash(weights) })).wasThere).toBe(true);
    expect((await pull({ revision: commit })).wasThere).toBe(true);
    expect(hub.requests).toHaveLength(asked);
    expect((await pull()).wasThere).toBe(true);
    expect(hub.requests.slice(asked).map(({ at }) => at)).toEqual(['info', 'paths']);
    expect((await pull({}, { force: true })).wasThere).toBe(false);
    expect(hub.ranges()).toHaveLength(2);
  });

  it('pulls anew what the branch has become, and what is damaged, and nothing of another file', async () => {
    await pull();
    hub.put(repository, file, { bytes: others, commit: later });
    expect((await pull()).manifest.source?.commit).toBe(later);
    await expectWhole(others);
    await writeFile(join(directory(), 'model.onnx'), weights);
    expect((await pull()).wasThere).toBe(false);
    expect(notices.join()).toMatch(/is damaged: .*; it is pulled anew/);
    await expectWhole(others);
    for (const changed of [
      { file: 'other.onnx' },
      { preprocessing: { ...tinyPreprocessing, crop: 24 } },
      { pooling: 'cls' },
    ] as const) {
      const error = await failure(pull(changed));
      expect(error).toMatchObject({
        code: 'out-exists',
        message: expect.stringMatching(/--force replaces it/),
      });
    }
    await expectWhole(others);
  });

  it('takes the place of a trained model only when forced, and never of what is no model', async () => {
    await createTinyModel(directory());
    expect(await failure(pull())).toMatchObject({ code: 'out-exists' });
    await pull({}, { force: true });
    await expectWhole();
    await writeFile(join(directory(), 'notes.txt'), 'mine');
    for (const force of [false, true]) {
      expect(await failure(pull({}, { force }))).toMatchObject({ code: 'out-exists' });
    }
    expect(await readFile(join(directory(), 'notes.txt'), 'utf8')).toBe('mine');
    expect(hub.ranges()).toHaveLength(1);
  });

  describe('when the connection fails', () => {
    it('goes on where it was cut, as often as something comes', async () => {
      hub.faults.push(
        { at: 'body', cutAfter: 10_000 },
        { at: 'body', endAfter: 5_000 },
        { at: 'body', cutAfter: 1_000 },
        { at: 'body', cutAfter: 1_000 },
      );
      await pull();
      await expectWhole();
      const ranges = hub.ranges();
      expect(ranges).toHaveLength(5);
      expect(ranges.slice(1).every(range => /^bytes=\d+-$/.test(range ?? ''))).toBe(true);
      const starts = ranges.slice(1).map(range => Number(/\d+/.exec(range ?? '')));
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      expect(starts[0]).toBeGreaterThan(0);
    });

    it('gives up after a while where nothing comes, and goes on with the next pull', async () => {
      hub.faults.push({ at: 'body', cutAfter: 20_000 });
      hub.faults.push(...Array.from({ length: 3 }, () => ({ at: 'body', endAfter: 0 }) as const));
      const error = await failure(pull());
      expect(error).toMatchObject({
        code: 'fetch-failed',
        message: expect.stringMatching(/again and again/),
      });
      expect(existsSync(directory())).toBe(false);
      const kept = await partBytes();
      expect(kept).toBeGreaterThan(0);
      await pull();
      await expectWhole();
      expect(hub.ranges().at(-1)).toBe(`bytes=${kept}-`);
    });

    it('takes silence for a cut', async () => {
      hub.faults.push({ at: 'body', silentAfter: 15_000 });
      await pull({}, { stallMs: 1_000 });
      await expectWhole();
      expect(hub.ranges()).toHaveLength(2);
    });

    it('begins anew with one who knows no ranges', async () => {
      hub.faults.push({ at: 'body', cutAfter: 20_000 }, { at: 'body', ignoresRange: true });
      await pull();
      await expectWhole();
      expect(hub.ranges()).toHaveLength(2);
    });

    it('never joins bytes that do not follow each other', async () => {
      hub.faults.push({ at: 'body', cutAfter: 20_000 }, { at: 'body', startsAt: 30_000 });
      expect(await failure(pull())).toMatchObject({
        code: 'fetch-failed',
        message: expect.stringMatching(
          /expected bytes [1-9]\d* to \d+ of .*, got status 206 with bytes 30000 to/,
        ),
      });
      await pull();
      await expectWhole();
    });

    it('tries again where the other side is busy, wherever that is, but not for ever', async () => {
      for (const at of ['info', 'paths'] as const) {
        hub.faults.push({ at, status: 503 }, { at, status: 429, headers: { 'retry-after': '0' } });
      }
      // One request, wherever it is sent on to.
      hub.faults.push({ at: 'resolve', status: 500 }, { at: 'body', status: 504 });
      await pull();
      await expectWhole();
      hub.faults.push(...Array.from({ length: 3 }, () => ({ at: 'info', status: 502 }) as const));
      const error = await failure(pull({ name: 'again' }));
      expect(error).toMatchObject({ code: 'fetch-failed', message: expect.stringMatching(/status 502/) });
      expect(hub.faults).toEqual([]);
    });

    it('says who does not answer', async () => {
      const gone = hub.url;
      await hub.close();
      const error = await failure(pull({}, { hubUrl: gone }));
      expect(error).toMatchObject({
        code: 'fetch-failed',
        message: expect.stringMatching(/127\.0\.0\.1:\d+, got none: .*ECONNREFUSED/),
      });
      hub = await HubServer.start();
    });
  });

  it('is stopped on request, and goes on with the next pull', async () => {
    hub.faults.push({ at: 'body', silentAfter: 30_000 });
    const stopping = new AbortController();
    const onProgress = (done: number): void => {
      if (done > 0) stopping.abort(new MedoidError('interrupted', 'stopped on request'));
    };
    const error = await failure(pull({}, { signal: stopping.signal, onProgress }));
    expect(error.code).toBe('interrupted');
    const kept = await partBytes();
    expect(kept).toBeGreaterThan(0);
    await pull();
    await expectWhole();
    expect(hub.ranges()).toEqual([undefined, `bytes=${kept}-`]);
  });

  it('begins anew where the file is another than the one it has a part of', async () => {
    hub.faults.push({ at: 'body', cutAfter: 20_000 });
    hub.faults.push(...Array.from({ length: 3 }, () => ({ at: 'body', endAfter: 0 }) as const));
    await failure(pull());
    expect(await partBytes()).toBeGreaterThan(0);
    hub.put(repository, file, { bytes: others, commit: later });
    await pull();
    await expectWhole(others);
    expect(hub.ranges().at(-1)).toBeUndefined();
  });

  it.each(['', '{', '{"repository":"tiny/backbone"}'])(
    'begins anew where nobody knows of what the part is: %j',
    async text => {
      const folder = `${directory()}.pulling`;
      await mkdir(join(folder, 'model'), { recursive: true });
      await writeFile(join(folder, 'model', 'model.onnx'), others.subarray(0, 9_000));
      await writeFile(join(folder, 'part.json'), text);
      await pull();
      await expectWhole();
    },
  );

  describe('of wrong bytes', () => {
    it('keeps nothing of those that have another hash', async () => {
      hub.faults.push({ at: 'body', bytes: others });
      const error = await failure(pull());
      expect(error.code).toBe('fetch-failed');
      expect(error.message).toContain(`expected SHA-256 ${hash(weights)}`);
      expect(error.message).toContain(`got ${hash(others)}`);
      expect(existsSync(directory())).toBe(false);
      await pull();
      await expectWhole();
      expect(hub.ranges()).toEqual([undefined, undefined]);
    });

    it('refuses those of another length, and a page in place of a file', async () => {
      hub.faults.push({ at: 'body', bytes: weights.subarray(1) });
      expect(await failure(pull())).toMatchObject({
        message: expect.stringMatching(/expected bytes 0 to \d+ of/),
      });
      hub.faults.push({ at: 'body', status: 403 });
      expect(await failure(pull())).toMatchObject({ message: expect.stringMatching(/got status 403/) });
    });

    it('does not begin where the hub has others than those that are known', async () => {
      const error = await failure(pull({ sha256: hash(others) }));
      expect(error).toMatchObject({
        code: 'fetch-failed',
        message: expect.stringMatching(/but the hub has/),
      });
      expect(hub.ranges()).toEqual([]);
    });

    it('checks a file by the hash that is known where the hub has none', async () => {
      hub.put(repository, file, { bytes: weights, commit, isLarge: false });
      expect(await failure(pull({ sha256: hash(others) }))).toMatchObject({ code: 'fetch-failed' });
      const { manifest } = await pull();
      expect(manifest.weights.sha256).toBe(hash(weights));
    });

    it('refuses what is no model, has its weights elsewhere or is not what is known of it', async () => {
      for (const [bytes, message] of [
        [Buffer.from('<html>'.repeat(50)), /ONNX Runtime refuses it/],
        [withExternalData(weights, 'far'), /save it as one file/],
      ] as const) {
        hub.put(repository, file, { bytes, commit });
        expect(await failure(pull())).toMatchObject({
          code: 'invalid-model',
          message: expect.stringMatching(message),
        });
      }
      hub.put(repository, file, { bytes: weights, commit });
      expect(await failure(pull({ dimension: 63 }))).toMatchObject({
        code: 'invalid-model',
        message: expect.stringMatching(/expected 63 numbers a picture of tiny, got 64/),
      });
      expect(existsSync(directory())).toBe(false);
      hub.put(repository, file, { bytes: new Uint8Array(), commit });
      expect(await failure(pull())).toMatchObject({ code: 'invalid-model' });
    });
  });

  describe('of what is not there, or not for everybody', () => {
    it.each([
      [
        'repository',
        { repository: 'tiny/none' },
        'unauthenticated',
        /no tiny\/none at .*private and HF_TOKEN/,
      ],
      ['file', { file: 'onnx/none.onnx' }, 'not-found', /no onnx\/none\.onnx in tiny\/backbone/],
      ['revision', { revision: 'v9' }, 'not-found', /tiny\/backbone at revision v9 .*Invalid rev id/],
    ] as const)('names the %s', async (_, changed, code, message) => {
      expect(await failure(pull(changed))).toMatchObject({ code, message: expect.stringMatching(message) });
      expect(await listModelNames(models)).toEqual([]);
    });

    it('tells of terms that are to be accepted, and of what speaks otherwise than a hub', async () => {
      hub.faults.push({ at: 'info', status: 403 });
      expect(await failure(pull())).toMatchObject({
        code: 'forbidden',
        message: expect.stringMatching(/terms/),
      });
      hub.faults.push({ at: 'info', status: 200 });
      expect(await failure(pull())).toMatchObject({
        code: 'fetch-failed',
        message: expect.stringMatching(/got something else/),
      });
    });

    it('sends the token to the hub, and to nobody else', async () => {
      hub.put(repository, file, { bytes: weights, commit, token: 'hf_secret' });
      expect(await failure(pull({}, { token: 'hf_wrong' }))).toMatchObject({ code: 'unauthenticated' });
      hub.requests.length = 0;
      await pull({}, { token: 'hf_secret' });
      await expectWhole();
      const sent = hub.requests.map(({ at, authorization }) => [at, authorization]);
      expect(sent).toEqual([
        ['info', 'Bearer hf_secret'],
        ['paths', 'Bearer hf_secret'],
        ['resolve', 'Bearer hf_secret'],
        ['body', undefined],
      ]);
    });
  });

  it('asks over https or on loopback only, wherever it is sent', async () => {
    expect(await failure(pull({}, { hubUrl: 'hub' }))).toMatchObject({ code: 'invalid-option' });
    expect(await failure(pull({}, { hubUrl: 'http://hub.example' }))).toMatchObject({
      code: 'url-not-allowed',
    });
    for (const location of [
      'http://cdn.example/file',
      'file:///etc/passwd',
      'http://localhost.example/file',
    ]) {
      hub.faults.push({ at: 'resolve', status: 302, headers: { location } });
      expect(await failure(pull())).toMatchObject({ code: 'url-not-allowed' });
    }
    hub.faults.push({ at: 'resolve', status: 302, headers: { location: 'http://' } });
    expect(await failure(pull())).toMatchObject({
      code: 'fetch-failed',
      message: expect.stringMatching(/no address/),
    });
    hub.faults.push(
      ...Array.from(
        { length: 11 },
        () => ({ at: 'resolve', status: 307, headers: { location: '/loop' } }) as const,
      ),
    );
    expect(await failure(pull())).toMatchObject({ message: expect.stringMatching(/at most 10 redirects/) });
  });

  it('is refused, and removing is, while another pulls the same', async () => {
    const held = await lockFolder(`${directory()}.pulling`);
    expect(await failure(pull())).toMatchObject({ code: 'run-locked' });
    expect(await failure(removeModel(models, 'tiny', lockFolder))).toMatchObject({ code: 'run-locked' });
    held.close();
    await pull();
    await expectWhole();
  });
});
