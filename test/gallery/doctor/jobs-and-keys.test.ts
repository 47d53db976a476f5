import { readFileSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../../src/catalog/key-store.js';
import { codesOf, copyForEachTest, damageDatabase, examine } from '../../fixtures/examine.js';

describe('the doctor, of jobs and keys', () => {
  let directory: string;
  const keysPath = (): string => join(directory, 'keys.sqlite');

  copyForEachTest(copy => {
    directory = copy;
  });

  function addJob(kind: string, input: string, { checkpoint = 'NULL', state = 'queued' } = {}): void {
    damageDatabase(
      join(directory, 'catalog.sqlite'),
      `INSERT INTO jobs (kind, collection_id, state, input, checkpoint, created_at)
         VALUES ('${kind}', 1, '${state}', '${input}', ${checkpoint}, 'then')`,
    );
  }

  function createKeys(): void {
    const store = KeyStore.open(directory, { access: 'write', onNotice: () => undefined });
    for (const name of ['one', 'two']) store.create({ name, scopes: ['read'], rateLimit: null });
    store.close();
  }

  const itemAt = '{"items":[{"key":"new","url":"http://example.org/a.png"}]}';

  it('has nothing against jobs that wait, run or have ended', async () => {
    addJob('add-items', itemAt);
    addJob('activate-model', '{"modelId":"tiny"}', {
      checkpoint: `'{"embedded":3,"result":null}'`,
      state: 'running',
    });
    addJob('add-items', 'null', { state: 'done' });
    expect(codesOf(await examine(directory, { fix: true }))).toEqual([]);
  });

  it.each<[string, string, () => void]>([
    ['of a kind that there is none of', 'job-kind-unknown', () => addJob('paint', '{}')],
    ['with an input of something else', 'job-input-odd', () => addJob('add-items', '{"modelId":"tiny"}')],
    [
      'with an input that is gone',
      'job-input-odd',
      () => addJob('activate-model', 'null', { state: 'running' }),
    ],
    [
      'with a checkpoint of something else',
      'job-checkpoint-odd',
      () => addJob('add-items', itemAt, { checkpoint: `'{"done":"all"}'` }),
    ],
  ])('tells of a job %s, and leaves it', async (_, code, add) => {
    add();
    for (const fix of [false, true]) {
      const { findings } = await examine(directory, { fix });
      expect(findings).toMatchObject([{ code, jobId: 1, collection: 'default' }]);
    }
  });

  it('tells of a job whose input is no JSON as of an odd row', async () => {
    addJob('add-items', '{"items":');
    expect(codesOf(await examine(directory))).toEqual(['row-odd', 'job-input-odd']);
  });

  it('has nothing against keys, revoked ones too, nor against a file that is still empty', async () => {
    await writeFile(keysPath(), '');
    expect(codesOf(await examine(directory))).toEqual([]);
    createKeys();
    expect(codesOf(await examine(directory))).toEqual([]);
  });

  it.each<[string, string, () => Promise<void> | void]>([
    [
      'a scope that there is none of',
      'key-odd',
      () => damageDatabase(keysPath(), `UPDATE keys SET scopes = 'all' WHERE name = 'two'`),
    ],
    [
      'a time that is none',
      'key-odd',
      () => damageDatabase(keysPath(), `UPDATE keys SET created_at = 'then' WHERE name = 'two'`),
    ],
    [
      'the keys of another program',
      'keys-unusable',
      () => damageDatabase(keysPath(), 'PRAGMA application_id = 3'),
    ],
    ['a table that is gone', 'keys-unusable', () => damageDatabase(keysPath(), 'DROP TABLE keys')],
    ['a file that is cut short', 'keys-unusable', () => truncate(keysPath(), 5000)],
    ['a file of something else', 'keys-unusable', () => writeFile(keysPath(), 'no database '.repeat(500))],
  ])('tells of %s, and leaves the file as it is', async (_, code, damage) => {
    createKeys();
    await damage();
    const before = readFileSync(keysPath());
    for (const fix of [false, true]) expect(codesOf(await examine(directory, { fix }))).toEqual([code]);
    expect(readFileSync(keysPath()).equals(before)).toBe(true);
  });

  it('removes pictures that nothing needs though the keys are damaged, but not while a job cannot be read', async () => {
    createKeys();
    damageDatabase(keysPath(), `UPDATE keys SET scopes = 'all'`);
    const stray = 'ab'.repeat(32);
    const write = () => writeFile(join(directory, 'images', 'ab', stray), 'x');
    await mkdir(join(directory, 'images', 'ab'), { recursive: true });
    await write();
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['key-odd', 'key-odd']);
    await write();
    addJob('add-items', '{"modelId":"tiny"}');
    const codes = ['job-input-odd', 'image-stray', 'key-odd', 'key-odd'];
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(codes);
  });
});
