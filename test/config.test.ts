import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { asksForKeys, requestsPerMinute, serverSettings } from '../src/commands/server-settings.js';
import { environmentName, readConfiguration, readHubEnvironment } from '../src/config.js';
import { runMedoid } from './fixtures/run-medoid.js';

const { shape } = serverSettings;

describe('configuration', () => {
  let folder: string;
  const write = async (content: unknown, name = 'medoid.json'): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const read = (environment: Record<string, string>, file?: string) =>
    readConfiguration(shape, { file, environment });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('names a variable after its setting', () => {
    expect(['port', 'maxImageBytes', 'jobsAtOnce'].map(environmentName)).toEqual([
      'MEDOID_PORT',
      'MEDOID_MAX_IMAGE_BYTES',
      'MEDOID_JOBS_AT_ONCE',
    ]);
  });

  it('takes the environment before the file, and says where each value came from', async () => {
    const file = await write({ port: 1, host: '::1' });
    expect(await read({ MEDOID_PORT: '2', MEDOID_THREADS: '3', PORT: '4', MEDOID_ODD: '5' }, file)).toEqual({
      port: { value: '2', source: { kind: 'environment', name: 'MEDOID_PORT' } },
      threads: { value: '3', source: { kind: 'environment', name: 'MEDOID_THREADS' } },
      host: { value: '::1', source: { kind: 'file', name: file } },
    });
  });

  it('finds the file by MEDOID_CONFIG unless it is told another', async () => {
    const file = await write({ port: 1 });
    const other = await write({ port: 2 }, 'other.json');
    expect((await read({ MEDOID_CONFIG: file })).port.value).toBe(1);
    expect((await read({ MEDOID_CONFIG: file }, other)).port.value).toBe(2);
  });

  it('takes an empty variable for one that is not set', async () => {
    expect(await read({ MEDOID_PORT: '', MEDOID_CONFIG: '' })).toEqual({});
    const file = await write({ port: 1 });
    expect((await read({ MEDOID_PORT: '' }, file)).port.source.kind).toBe('file');
  });

  it('understands true and false in both places, for on and off too', async () => {
    const file = await write({ metrics: false, fetchUrls: true });
    const given = await read({ MEDOID_READ_ONLY: 'true', MEDOID_DOCS: 'false', MEDOID_HOST: 'true' }, file);
    const values = Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
    expect(values).toEqual({ readOnly: true, docs: 'off', host: 'true', metrics: 'off', fetchUrls: 'on' });
  });

  it.each([
    ['{', 'invalid-option', /medoid\.json: expected JSON: /],
    ['[]', 'invalid-option', /medoid\.json: expected a JSON object/],
    ['null', 'invalid-option', /medoid\.json: expected a JSON object/],
    [
      '{"maxSid":1}',
      'invalid-option',
      /medoid\.json: there is no setting "maxSid"; the nearest is "maxSide"/,
    ],
    ['{"max-image-bytes":1}', 'invalid-option', /the nearest is "maxImageBytes"/],
    ['{"prot":1}', 'invalid-option', /the nearest is "port"/],
    ['{"toString":1}', 'invalid-option', /there is no setting "toString"/],
    ['{"__proto__":{"port":1}}', 'invalid-option', /there is no setting "__proto__"/],
  ])('refuses the file %s', async (content, code, message) => {
    const reading = read({}, await write(content));
    await expect(reading).rejects.toMatchObject({ code });
    await expect(reading).rejects.toThrow(message);
  });

  it('says of a file that it is not there or is none', async () => {
    await expect(read({}, join(folder, 'nowhere.json'))).rejects.toMatchObject({
      code: 'file-not-found',
      message: expect.stringContaining('nowhere.json'),
    });
    await expect(read({ MEDOID_CONFIG: folder })).rejects.toMatchObject({ code: 'file-unusable' });
  });

  it('reads a file that begins with a byte order mark', async () => {
    expect((await read({}, await write('\uFEFF{"port":1}'))).port.value).toBe(1);
  });
});

describe('the settings of the server', () => {
  const parse = (given: Record<string, unknown>) => serverSettings.safeParse({ gallery: 'g', ...given });
  const taken = (name: keyof typeof shape, given: unknown) => {
    const { data, error } = parse({ [name]: given });
    return error === undefined ? data?.[name] : error.issues[0].message;
  };

  it('describes each, which becomes its help', () => {
    for (const [name, schema] of Object.entries(shape)) expect(schema.description, name).toBeTruthy();
  });

  it('takes numbers as such and as text, whole ones only', () => {
    expect(['8', 8, ' 8 '].map(given => taken('maxSide', given))).toEqual([8, 8, 8]);
    for (const odd of ['', 'x', '8.5', 8.5, 0, -1, true, null, [8], '0x', '1e999']) {
      expect(taken('maxSide', odd), String(odd)).toMatch(/expected/);
    }
  });

  it('refuses times that no timer can keep', () => {
    expect(taken('requestTimeoutMs', 2 ** 31 - 1)).toBe(2 ** 31 - 1);
    expect(taken('requestTimeoutMs', 2 ** 31)).toMatch(/expected number/);
  });

  it('takes origins as a list and as text, as a browser writes them', () => {
    const two = ['https://shop.example', 'http://localhost:3000'];
    expect(taken('corsOrigins', ' https://SHOP.example:443/, http://localhost:3000')).toEqual(two);
    expect(taken('corsOrigins', two)).toEqual(two);
    expect(taken('corsOrigins', undefined)).toEqual([]);
  });

  it.each([
    '*',
    'null',
    'shop.example',
    'https://a.example/b',
    'https://a.example/?b',
    'https://u:p@a.example',
  ])('refuses the origin %s, naming it', odd => {
    expect(taken('corsOrigins', ['https://good.example', odd])).toContain(`got ${JSON.stringify(odd)}`);
  });

  it('refuses what is no origin of the web, or no text at all', () => {
    expect(taken('corsOrigins', 'file:///x')).toMatch(/expected an origin/);
    expect(taken('corsOrigins', 'javascript:0')).toMatch(/expected an origin/);
    expect(taken('corsOrigins', [1])).toMatch(/expected names/);
  });

  it('takes ranges of addresses of both kinds', () => {
    const ranges = ['10.0.0.0/8', '192.168.1.7/32', 'fd00::/8', '::1/128'];
    expect(taken('fetchAllow', ranges.join(','))).toEqual(ranges);
    for (const odd of [
      '10.0.0.0',
      '10.0.0.0/33',
      '10.0.0/8',
      'fd00::/129',
      'x/8',
      '10.0.0.0/',
      '/8',
      '0x7f.1/8',
    ]) {
      expect(taken('fetchAllow', odd), odd).toContain(`got ${JSON.stringify(odd)}`);
    }
  });

  it.each([
    ['auto', '127.0.0.1', false],
    ['auto', '127.9.9.9', false],
    ['auto', '::1', false],
    ['auto', 'localhost', false],
    ['auto', '0.0.0.0', true],
    ['auto', '::', true],
    ['auto', '127.example.org', true],
    ['auto', 'localhost.example.org', true],
    ['required', '127.0.0.1', true],
    ['off', '0.0.0.0', false],
  ] as const)('with auth %s on %s asks for keys: %s', (auth, host, expected) => {
    const settings = { auth, host, trustProxy: 0 };
    expect(asksForKeys(settings)).toBe(expected);
    expect(requestsPerMinute(settings)).toBe(expected ? 3000 : 0);
    expect(requestsPerMinute({ ...settings, rateLimit: 7 })).toBe(7);
    expect(requestsPerMinute({ ...settings, rateLimit: 0 })).toBe(0);
  });

  it('asks for keys behind a proxy on the same machine, which lets others in', () => {
    expect(asksForKeys({ auth: 'auto', host: '127.0.0.1', trustProxy: 1 })).toBe(true);
    expect(asksForKeys({ auth: 'off', host: '127.0.0.1', trustProxy: 1 })).toBe(false);
  });
});

describe('medoid config', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-show-config-'));
    file = join(folder, 'medoid.json');
    await writeFile(
      file,
      JSON.stringify({
        ...{ gallery: 'from-file', port: 1, host: '0.0.0.0', readOnly: true, threads: 3 },
        ...{ corsOrigins: ['https://a.example'], maxSide: 100 },
      }),
    );
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rm(folder, { recursive: true }));

  const settingsOf = async (...args: string[]) => {
    const { stdout, stderr } = await runMedoid('config', '--json', ...args);
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  it('takes a flag before a variable, that before the file, and that before the default', async () => {
    vi.stubEnv('MEDOID_PORT', '2');
    vi.stubEnv('MEDOID_THREADS', '4');
    const { settings, asksForKeys } = await settingsOf('--config', file, '--port', '3');
    expect(settings).toMatchObject({
      port: { value: 3, source: 'flag', from: '--port' },
      threads: { value: 4, source: 'environment', from: 'MEDOID_THREADS' },
      gallery: { value: 'from-file', source: 'file', from: file },
      readOnly: { value: true, source: 'file', from: file },
      corsOrigins: { value: ['https://a.example'], source: 'file', from: file },
      logLevel: { value: 'info', source: 'default', from: 'default' },
      models: { value: null, source: 'default', from: 'default' },
      rateLimit: { value: 3000, source: 'default', from: 'default' },
    });
    expect(Object.keys(settings)).toEqual(Object.keys(shape));
    expect(asksForKeys).toBe(true);
  });

  it('takes back by a flag what the file says', async () => {
    const { settings } = await settingsOf('--config', file, '--no-read-only');
    expect(settings.readOnly).toEqual({ value: false, source: 'flag', from: '--no-read-only' });
    const plain = await settingsOf('--gallery', 'x');
    expect(plain.settings.readOnly).toMatchObject({ value: false, source: 'default' });
    expect((await settingsOf('--gallery', 'x', '--read-only')).settings.readOnly.value).toBe(true);
  });

  it('is a table for people', async () => {
    vi.stubEnv('MEDOID_GALLERY', 'x');
    const { stdout } = await runMedoid('config');
    expect(stdout).toMatch(/^gallery +x +MEDOID_GALLERY$/m);
    expect(stdout).toMatch(/^models +\(none\) +default$/m);
    expect(stdout).toMatch(/^rateLimit +0 +default$/m);
    expect(stdout).toMatch(/\n\nkeys are not asked for\n$/);
  });

  it.each([
    [{ MEDOID_PORT: 'x' }, ['--gallery', 'g'], /MEDOID_PORT "x": expected a number, got "x"/],
    [{ MEDOID_READ_ONLY: 'yes' }, ['--gallery', 'g'], /MEDOID_READ_ONLY "yes": expected true or false/],
    [{ MEDOID_AUTH: 'no' }, ['--gallery', 'g'], /MEDOID_AUTH "no": .*"auto"\|"required"\|"off"/],
    [{}, ['--gallery', 'g', '--max-side', '0'], /--max-side "0": Too small/],
    [{}, [], /required option '--gallery <value>' not given, nor MEDOID_GALLERY, nor "gallery"/],
    [{}, ['--gallery', 'g', '--config', 'nowhere'], /expected the configuration file nowhere/],
  ])('refuses %j with %j by where it is wrong', async (environment, args, message) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { exitCode, stdout, stderr } = await runMedoid('config', ...args);
    expect(stderr).toMatch(message);
    expect([exitCode, stdout]).toEqual([args.includes('nowhere') ? 1 : 2, '']);
  });

  it('refuses a value of a file by its path and its name, and what a flag does not take', async () => {
    const odd = join(folder, 'odd.json');
    await writeFile(odd, '{"gallery":"g","maxSide":0,"host":80}');
    const { stderr } = await runMedoid('config', '--config', odd);
    expect(stderr).toContain(`${odd}: maxSide 0: Too small`);
    expect(stderr).toContain(`${odd}: host 80: `);
    expect((await runMedoid('config', '--auth', 'no')).stderr).toMatch(/--auth.*auto, required, off/);
  });

  it('reads no configuration for a command that takes none', async () => {
    vi.stubEnv('MEDOID_GALLERY', 'g');
    vi.stubEnv('MEDOID_CONFIG', 'nowhere');
    const { stderr } = await runMedoid('keys', 'list');
    expect(stderr).toMatch(/required option '--gallery <value>' not specified/);
  });

  it('takes token and mirror of the hub from where its own tools do, and repeats no token', () => {
    expect(readHubEnvironment({})).toEqual({ token: undefined, hubUrl: undefined });
    expect(readHubEnvironment({ HF_TOKEN: '', HF_ENDPOINT: '' })).toEqual({
      token: undefined,
      hubUrl: undefined,
    });
    expect(readHubEnvironment({ HF_TOKEN: ' hf_a\n', HF_ENDPOINT: 'https://mirror.example' })).toEqual({
      token: 'hf_a',
      hubUrl: 'https://mirror.example',
    });
    for (const token of ['hf_a\nhf_b', 'hf_ä', 'hf a']) {
      expect(() => readHubEnvironment({ HF_TOKEN: token })).toThrow(/^HF_TOKEN: expected [^_]*$/);
    }
  });

  it('is how serve gets its settings', async () => {
    vi.stubEnv('MEDOID_GALLERY', join(folder, 'no-gallery'));
    const { exitCode, stderr } = await runMedoid('serve');
    expect(stderr).toMatch(/file-not-found: .*no-gallery/);
    expect(exitCode).toBe(1);
  });
});
