import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Gallery } from '../../../src/gallery/gallery.js';
import {
  askDatabase,
  codesOf,
  copyForEachTest,
  damageDatabase,
  examine,
  type GalleryCopies,
} from '../../fixtures/examine.js';
import { createPicture } from '../../fixtures/images.js';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the doctor, of the pictures', () => {
  let copies: GalleryCopies;
  let directory: string;
  const catalog = (): string => join(directory, 'catalog.sqlite');
  const picture = (i: number): Buffer => copies.original.pictures[i];
  const fileOf = (bytes: Uint8Array): string => `images/${hash(bytes).slice(0, 2)}/${hash(bytes)}`;
  const at = (file: string): string => join(directory, file);
  const quarantined = (): string[] =>
    existsSync(at('quarantine')) ? readdirSync(at('quarantine')).sort() : [];

  copyForEachTest((...given) => {
    [directory, copies] = given;
  });

  /** Originals of the first pictures, under names that say nothing. */
  async function writeOriginals(count: number): Promise<string> {
    const folder = join(directory, '..', 'originals');
    await mkdir(join(folder, 'deep', 'deeper'), { recursive: true });
    for (let i = 0; i < count; i++) await writeFile(join(folder, 'deep/deeper', `IMG ${i}.jpeg`), picture(i));
    await writeFile(join(folder, 'readme'), 'nothing to see');
    await symlink(folder, join(folder, 'deep', 'loop'));
    return folder;
  }

  it('tells of a picture that is missing, whose it is, and puts it back from the originals', async () => {
    await rm(at(fileOf(picture(3))));
    const { findings } = await examine(directory);
    expect(findings).toMatchObject([
      {
        code: 'image-missing',
        collection: 'default',
        itemId: 4,
        key: 'picture-3.png',
        file: fileOf(picture(3)),
      },
    ]);
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['image-missing']);
    const from = await writeOriginals(5);
    const mended = await examine(directory, { fix: true, from });
    expect(mended).toMatchObject({ findings: [], mended: [{ code: 'image-missing' }], notes: [] });
    expect((await readFile(at(fileOf(picture(3))))).equals(picture(3))).toBe(true);
    expect(codesOf(await examine(directory))).toEqual([]);
  });

  it('puts a picture back from a single file, and says where none is', async () => {
    await rm(at(fileOf(picture(0))));
    await expect(examine(directory, { fix: true, from: at('nowhere') })).rejects.toMatchObject({
      code: 'file-not-found',
    });
    const from = join(await writeOriginals(1), 'deep/deeper/IMG 0.jpeg');
    expect((await examine(directory, { fix: true, from })).findings).toEqual([]);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 20)],
    ['of as many bytes as it should have', (bytes: Buffer) => Buffer.alloc(bytes.length, 7)],
    ['empty', () => Buffer.alloc(0)],
  ])('moves a damaged picture aside that is %s, never to lose it', async (_, damage) => {
    const damaged = damage(picture(5));
    await writeFile(at(fileOf(picture(5))), damaged);
    expect((await examine(directory)).findings).toMatchObject([{ code: 'image-damaged', itemId: 6 }]);
    expect(existsSync(at('quarantine'))).toBe(false);
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['image-missing']);
    expect(quarantined()).toEqual([fileOf(picture(5)).replaceAll('/', '_')]);
    expect((await readFile(at(`quarantine/${quarantined()[0]}`))).equals(damaged)).toBe(true);
    const from = await writeOriginals(6);
    expect((await examine(directory, { fix: true, from })).findings).toEqual([]);
    expect((await readFile(at(fileOf(picture(5))))).equals(picture(5))).toBe(true);
  });

  it('moves a damaged picture aside each time, under a name of its own', async () => {
    const from = await writeOriginals(1);
    for (let i = 0; i < 3; i++) {
      await truncate(at(fileOf(picture(0))), i + 1);
      expect((await examine(directory, { fix: true, from })).findings).toEqual([]);
    }
    const name = fileOf(picture(0)).replaceAll('/', '_');
    expect(quarantined()).toEqual([name, `${name}.1`, `${name}.2`]);
  });

  it('leaves alone what it cannot read', async () => {
    await rm(at(fileOf(picture(2))));
    await mkdir(at(fileOf(picture(2))));
    for (const fix of [false, true]) {
      expect(codesOf(await examine(directory, { fix }))).toEqual(['image-unreadable']);
    }
    expect(existsSync(at(fileOf(picture(2))))).toBe(true);
  });

  it('says once of a picture that two items have that it is missing', async () => {
    const gallery = await Gallery.open(directory, { access: 'write', threads: 1 });
    await (await gallery.collection('default')).add([{ key: 'again', image: picture(1) }]);
    await gallery.close();
    await rm(at(fileOf(picture(1))));
    const { findings } = await examine(directory);
    expect(findings).toMatchObject([{ code: 'image-missing', itemId: 2 }]);
    expect(findings[0].detail).toMatch(/2 items/);
  });

  it('mends the size that an item says its picture has', async () => {
    damageDatabase(catalog(), 'UPDATE items SET bytes = bytes + 1 WHERE id = 3');
    expect((await examine(directory)).findings).toMatchObject([{ code: 'image-size-wrong', itemId: 3 }]);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(askDatabase(catalog(), 'SELECT bytes FROM items WHERE id = 3')).toBe(picture(2).length);
  });

  it('removes a picture that nothing needs', async () => {
    const stray = Buffer.from('nobody needs this');
    await mkdir(join(at(fileOf(stray)), '..'), { recursive: true });
    await writeFile(at(fileOf(stray)), stray);
    expect((await examine(directory)).findings).toMatchObject([{ code: 'image-stray', file: fileOf(stray) }]);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(existsSync(at(fileOf(stray)))).toBe(false);
  });

  it('moves pictures of a newer catalog out of the way when an older one was put back', async () => {
    const older = await readFile(catalog());
    const gallery = await Gallery.open(directory, { access: 'write', threads: 1 });
    await (await gallery.collection('default')).add([{ key: 'later', image: await createPicture(99) }]);
    await gallery.close();
    await writeFile(catalog(), older);
    const { mended, findings } = await examine(directory, { fix: true });
    expect(codesOf({ findings: mended })).toEqual(['image-stray', 'index-other-catalog']);
    expect(findings).toEqual([]);
    const [name] = quarantined();
    expect((await readFile(at(`quarantine/${name}`))).equals(await createPicture(99))).toBe(true);
  });

  it('keeps a picture that nothing needs while one is missing, as it may be that', async () => {
    // One digit of what the catalog knows it by has changed: the only copy looks like a stray.
    const [head, ...rest] = [...hash(picture(7))];
    const other = [head === '0' ? '1' : '0', ...rest].join('');
    damageDatabase(
      catalog(),
      `UPDATE items SET image_sha256 = '${other}' WHERE id = 8; DELETE FROM loose_images`,
    );
    expect(codesOf(await examine(directory))).toEqual(['image-missing', 'image-stray']);
    const { findings, notes } = await examine(directory, { fix: true });
    expect(codesOf({ findings })).toEqual(['image-missing', 'image-stray']);
    expect(notes.join()).toMatch(/kept while something is lost/);
    expect((await readFile(at(fileOf(picture(7))))).equals(picture(7))).toBe(true);
  });

  it('takes no picture for a stray that has just come, while somebody may be writing', async () => {
    // The log stays as long as a writer has the catalog open, or when it was killed.
    const writer = new Database(catalog());
    writer.pragma('journal_mode = WAL');
    writer.exec('UPDATE items SET label = label');
    const stray = Buffer.from('on its way');
    await mkdir(join(at(fileOf(stray)), '..'), { recursive: true });
    await writeFile(at(fileOf(stray)), stray);
    await mkdir(at('images/tmp'), { recursive: true });
    await writeFile(at('images/tmp/half'), 'ha');
    await writeFile(at('index/1.hnsw.tmp'), 'ha');
    await mkdir(at('models/new.tmp'));
    writer.exec(`INSERT INTO loose_images (image_sha256) VALUES ('${hash(picture(0))}')`);
    expect(codesOf(await examine(directory))).toEqual([]);
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    const old = [
      'images/tmp/half',
      'index/1.hnsw.tmp',
      'models/new.tmp',
      fileOf(stray),
      'catalog.sqlite-wal',
    ];
    for (const file of old) await utimes(at(file), longAgo, longAgo);
    const codes = ['image-stray', 'temporary-file', 'loose-images', 'model-leftover', 'temporary-file'];
    expect(codesOf(await examine(directory))).toEqual(codes);
    writer.close();
  });

  it('removes what was half-written, and looks after what items let go of', async () => {
    await mkdir(at('images/tmp'), { recursive: true });
    await writeFile(at('images/tmp/half'), 'ha');
    const loose = Buffer.from('an item had this');
    await mkdir(join(at(fileOf(loose)), '..'), { recursive: true });
    await writeFile(at(fileOf(loose)), loose);
    for (const sha256 of [hash(loose), hash(picture(0))]) {
      damageDatabase(catalog(), `INSERT INTO loose_images (image_sha256) VALUES ('${sha256}')`);
    }
    expect(codesOf(await examine(directory))).toEqual(['temporary-file', 'loose-images']);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(existsSync(at('images/tmp/half'))).toBe(false);
    expect(existsSync(at(fileOf(loose)))).toBe(false);
    expect(existsSync(at(fileOf(picture(0))))).toBe(true);
    expect(askDatabase(catalog(), 'SELECT count(*) FROM loose_images')).toBe(0);
  });

  it('puts a picture under a wrong name where it belongs, and keeps any other such file', async () => {
    const folder = join(at(fileOf(picture(4))), '..');
    await rename(at(fileOf(picture(4))), join(folder, 'IMG_0004.png'));
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await writeFile(at('images/list.csv'), 'a,b');
    const codes = ['image-missing', 'image-misnamed', 'image-misnamed', 'file-unknown'];
    expect(codesOf(await examine(directory)).sort()).toEqual([...codes].sort());
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect((await readFile(at(fileOf(picture(4))))).equals(picture(4))).toBe(true);
    const kept = await Promise.all(quarantined().map(name => readFile(at(`quarantine/${name}`), 'utf8')));
    expect(kept.sort()).toEqual(['a,b', 'mine']);
  });

  it('looks after the pictures of jobs that wait', async () => {
    const image = Buffer.from(picture(9)).fill(1, 40);
    const sha256 = hash(image);
    const input = { items: [{ key: 'new', imageSha256: sha256 }] };
    damageDatabase(
      catalog(),
      `INSERT INTO jobs (kind, collection_id, state, input, created_at)
         VALUES ('add-items', 1, 'queued', '${JSON.stringify(input)}', 'then')`,
    );
    expect((await examine(directory)).findings).toMatchObject([{ code: 'image-missing', jobId: 1 }]);
    await mkdir(join(at(fileOf(image)), '..'), { recursive: true });
    await writeFile(at(fileOf(image)), image);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(existsSync(at(fileOf(image)))).toBe(true);
  });
});
