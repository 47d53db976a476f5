import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { hashImage } from '../../src/images/decode.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { runMedoid, startMedoid } from '../fixtures/run-medoid.js';

/** In memory, where there is such a file system. */
const otherDevice = ['/dev/shm'].find(
  path => existsSync(path) && statSync(path).dev !== statSync(tmpdir()).dev,
);
const modified = new Date('2020-02-02T02:02:02Z');

describe('medoid dedupe --apply', () => {
  let filled: FilledGallery;
  let originals: string;
  let undoFile: string;

  const run = (...args: string[]) => runMedoid('dedupe', '--gallery', filled.directory, ...args);
  const apply = (action: string, ...args: string[]) =>
    run('--apply', action, '--no-dry-run', '--undo-file', undoFile, '--json', ...args);
  const undo = () => run('--undo', undoFile, '--json');
  const add = async (files: Readonly<Record<string, Buffer>>): Promise<void> => {
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    const collection = await gallery.collection('default');
    for (const [key, image] of Object.entries(files)) {
      await mkdir(dirname(join(originals, key)), { recursive: true });
      await writeFile(join(originals, key), image);
      await utimes(join(originals, key), modified, modified);
      await collection.add([{ key, image, label: `label of ${key}`, metadata: { key } }]);
    }
    await gallery.close();
  };
  /** Paths and hashes of all files below a folder. */
  const listFiles = async (folder: string): Promise<Record<string, string>> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    return Object.fromEntries(
      files.sort().map(path => [path.slice(folder.length + 1), hashImage(readFileSync(path))]),
    );
  };
  const listItems = async (name = 'default') => {
    const gallery = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
    const { items } = (await gallery.collection(name)).listItems({ limit: 200 });
    await gallery.close();
    return items
      .map(({ key, label, metadata, imageSha256 }) => ({ key, label, metadata, imageSha256 }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
    originals = await mkdtemp(join(tmpdir(), 'medoid-originals-'));
    undoFile = join(filled.folder, 'undo.jsonl');
    const original = await createPicture('original', { width: 120, height: 90 });
    await add({
      'a/original.png': original,
      'b/copy.png': original,
      'b/small.jpg': await sharp(original).resize(110).jpeg().toBuffer(),
      'other.png': await createPicture('other'),
    });
  });
  afterEach(async () => {
    await filled.remove();
    await rm(originals, { recursive: true });
  });

  it('only tells what it would do unless it is told to do it', async () => {
    const before = await listFiles(originals);
    const { stdout, exitCode } = await run('--apply', 'delete', '--originals', originals);
    expect([exitCode, await listFiles(originals)]).toEqual([0, before]);
    expect(stdout).toMatch(/identical +b\/copy\.png +\d+ +a\/original\.png/);
    expect(stdout).toMatch(/same-picture +b\/small\.jpg +\d+ +a\/original\.png/);
    expect(stdout).toMatch(/2 files would be deleted, \d+ bytes freed; --no-dry-run does it\.\n$/);
  });

  it('moves files, keeping their paths, and puts them back, twice without harm', async () => {
    const before = await listFiles(originals);
    const to = join(filled.folder, 'moved');
    await mkdir(to);
    const { stdout, exitCode } = await apply('move', '--originals', originals, '--to', to);
    expect([stdout, exitCode]).toEqual([expect.stringMatching('done'), 0]);
    expect(JSON.parse(stdout)).toMatchObject({
      action: 'move',
      dryRun: false,
      done: [2, 3],
      left: [],
      bytesFreed: 0,
    });
    expect(Object.keys(await listFiles(originals))).toEqual(['a/original.png', 'other.png']);
    expect(Object.keys(await listFiles(to))).toEqual(['b/copy.png', 'b/small.jpg']);
    await rm(join(originals, 'b'), { recursive: true });
    expect(JSON.parse((await undo()).stdout)).toEqual({ undone: 2, problems: [] });
    expect([await listFiles(originals), await listFiles(to)]).toEqual([before, {}]);
    expect((await undo()).stdout).toMatch(/"undone":0/);
    expect(await listFiles(originals)).toEqual(before);
  });

  it('replaces identical files by hard links, and gives them files of their own again', async () => {
    const path = (key: string) => join(originals, key);
    const before = await lstat(path('b/copy.png'));
    const { stdout } = await apply('hardlink', '--originals', originals);
    expect(JSON.parse(stdout)).toMatchObject({ done: [2], left: [] });
    expect((await lstat(path('b/copy.png'))).ino).toBe((await lstat(path('a/original.png'))).ino);
    expect((await undo()).exitCode).toBe(0);
    const after = await lstat(path('b/copy.png'));
    expect(after.ino).not.toBe((await lstat(path('a/original.png'))).ino);
    expect([after.mode, after.mtimeMs, after.size]).toEqual([before.mode, before.mtimeMs, before.size]);
  });

  it('gives linked files back what they were where what they were linked to was changed, or named anew', async () => {
    const path = (key: string) => join(originals, key);
    await add({ 'third.png': readFileSync(path('b/copy.png')) });
    const before = await listFiles(originals);
    await apply('hardlink', '--originals', originals);
    // In place, as some editors write: all its names show that.
    await writeFile(path('a/original.png'), 'changed in place');
    expect(hashImage(readFileSync(path('b/copy.png')))).not.toBe(before['b/copy.png']);
    expect(JSON.parse((await undo()).stdout)).toEqual({ undone: 2, problems: [] });
    const changed = hashImage(Buffer.from('changed in place'));
    expect(await listFiles(originals)).toEqual({ ...before, 'a/original.png': changed });

    await writeFile(path('a/original.png'), readFileSync(path('third.png')));
    undoFile = join(filled.folder, 'second.jsonl');
    await apply('hardlink', '--originals', originals);
    await rename(path('a/original.png'), path('renamed.png'));
    expect((await undo()).exitCode).toBe(0);
    const inodes = await Promise.all(
      ['b/copy.png', 'third.png', 'renamed.png'].map(async key => (await lstat(path(key))).ino),
    );
    expect(new Set(inodes).size).toBe(3);
  });

  it('keeps what lay where files were to be moved to, also when that is undone', async () => {
    const to = join(filled.folder, 'moved');
    await mkdir(join(to, 'b'), { recursive: true });
    await link(join(originals, 'b/copy.png'), join(to, 'b/copy.png'));
    const { stdout } = await apply('move', '--originals', originals, '--to', to);
    expect(JSON.parse(stdout)).toMatchObject({
      done: [3],
      left: [{ key: 'b/copy.png', reason: 'something else lies where it is to go' }],
    });
    expect((await undo()).exitCode).toBe(0);
    expect(Object.keys(await listFiles(to))).toEqual(['b/copy.png']);
  });

  it.runIf(otherDevice !== undefined)(
    'moves files to another device with their times, and back',
    async () => {
      const to = await mkdtemp(join(otherDevice as string, 'medoid-moved-'));
      try {
        const before = await listFiles(originals);
        await apply('move', '--originals', originals, '--to', to);
        expect(Object.keys(await listFiles(to))).toEqual(['b/copy.png', 'b/small.jpg']);
        expect((await lstat(join(to, 'b/copy.png'))).mtimeMs).toBe(modified.getTime());
        expect((await undo()).exitCode).toBe(0);
        expect([await listFiles(originals), await listFiles(to)]).toEqual([before, {}]);
        expect((await lstat(join(originals, 'b/copy.png'))).mtimeMs).toBe(modified.getTime());
      } finally {
        await rm(to, { recursive: true });
      }
    },
  );

  it('deletes files, and takes them from the gallery to put them back', async () => {
    const before = await listFiles(originals);
    const { stdout } = await apply('delete', '--originals', originals);
    const sizes = (await listItems()).length;
    expect(JSON.parse(stdout)).toMatchObject({ done: [2, 3], left: [] });
    expect([Object.keys(await listFiles(originals)), sizes]).toEqual([['a/original.png', 'other.png'], 4]);
    expect((await undo()).exitCode).toBe(0);
    expect(await listFiles(originals)).toEqual(before);
    expect((await lstat(join(originals, 'b/small.jpg'))).mtimeMs).toBe(modified.getTime());
  });

  it('removes items, and adds them again as they were', async () => {
    const before = await listItems();
    const { stdout, exitCode } = await apply('delete');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ done: [2, 3] });
    expect((await listItems()).map(({ key }) => key)).toEqual(['a/original.png', 'other.png']);
    expect(Object.keys(await listFiles(`${undoFile}.images`))).toHaveLength(2);
    expect(JSON.parse((await undo()).stdout)).toEqual({ undone: 2, problems: [] });
    expect(await listItems()).toEqual(before);
    expect(Object.keys(await listFiles(originals))).toHaveLength(4);
  });

  it('moves items to another collection, which it makes, and back', async () => {
    const before = await listItems();
    expect((await apply('move', '--to', 'copies')).exitCode).toBe(0);
    expect((await listItems()).map(({ key }) => key)).toEqual(['a/original.png', 'other.png']);
    expect(await listItems('copies')).toEqual(before.filter(({ key }) => key.startsWith('b/')));
    expect((await undo()).exitCode).toBe(0);
    expect([await listItems(), await listItems('copies')]).toEqual([before, []]);
  });

  it('leaves files alone that are missing or changed, or whose representative is', async () => {
    await writeFile(join(originals, 'b/copy.png'), 'something else');
    await rm(join(originals, 'b/small.jpg'));
    const first = await apply('delete', '--originals', originals);
    expect(first.exitCode).toBe(1);
    expect(JSON.parse(first.stdout)).toMatchObject({
      done: [],
      left: [
        { key: 'b/copy.png', reason: 'it is not the picture that was compared' },
        { key: 'b/small.jpg', reason: 'it is not there' },
      ],
    });
    expect(readFileSync(join(originals, 'b/copy.png'), 'utf8')).toBe('something else');
    await writeFile(
      join(originals, 'b/copy.png'),
      await createPicture('original', { width: 120, height: 90 }),
    );
    await rm(join(originals, 'a/original.png'));
    undoFile = join(filled.folder, 'second.jsonl');
    const second = JSON.parse((await apply('delete', '--originals', originals)).stdout);
    expect(second.left[0].reason).toMatch(/^a\/original\.png, which is to stay, is not as it was/);
    expect(existsSync(join(originals, 'b/copy.png'))).toBe(true);
  });

  it('goes through no link and out of no folder', async () => {
    const outside = join(filled.folder, 'outside');
    await rename(join(originals, 'b'), outside);
    await symlink(outside, join(originals, 'b'));
    const picture = await createPicture('original', { width: 120, height: 90 });
    await add({ 'linked.png': picture });
    await rm(join(originals, 'linked.png'));
    await symlink(join(outside, 'copy.png'), join(originals, 'linked.png'));
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    const collection = await gallery.collection('default');
    const escaping = ['../victim.png', '/tmp/victim.png', 'b/../../victim.png', './a/original.png'];
    await collection.add(escaping.map(key => ({ key, image: picture })));
    await gallery.close();
    const before = await listFiles(outside);
    const { stdout } = await apply('delete', '--originals', originals);
    const { left, done } = JSON.parse(stdout) as { left: { key: string; reason: string }[]; done: number[] };
    expect(done).toEqual([]);
    expect(Object.fromEntries(left.map(({ key, reason }) => [key, reason]))).toEqual({
      'b/copy.png': 'its path leads through something that is no folder',
      'b/small.jpg': 'its path leads through something that is no folder',
      'linked.png': 'it is no file',
      ...Object.fromEntries(escaping.map(key => [key, 'its key is no path within the folder'])),
    });
    expect(await listFiles(outside)).toEqual(before);
  });

  it('moves back what it can where one of the pictures is damaged', async () => {
    const before = await listItems();
    await apply('move', '--to', 'copies');
    const damaged = before.find(({ key }) => key === 'b/small.jpg')?.imageSha256 as string;
    const images = join(filled.directory, 'images');
    const stored = (await readdir(images, { recursive: true })).find(path => path.includes(damaged.slice(4)));
    await writeFile(join(images, stored as string), 'damaged');
    const { stdout } = await undo();
    expect(JSON.parse(stdout)).toEqual({
      undone: 1,
      problems: [{ name: 'b/small.jpg', reason: 'its picture is lost where it was moved to' }],
    });
    expect((await listItems()).map(({ key }) => key)).toEqual([
      ...['a/original.png', 'b/copy.png', 'other.png'],
    ]);
  });

  it('touches nothing that was decided to be kept', async () => {
    expect((await run('--decide', 'keep', '--item-ids', '2,4')).stdout).toMatch(
      /^Decision 1: keep, of the items 2, 4/,
    );
    expect(JSON.parse((await apply('delete')).stdout)).toMatchObject({ done: [3] });
  });

  it('undoes nothing by a file that was tampered with', async () => {
    await apply('delete', '--originals', originals);
    const lines = (await readFile(undoFile, 'utf8')).split('\n');
    const after = await listFiles(originals);
    const change = async (edit: (step: Record<string, unknown>) => void, line = 1): Promise<string> => {
      const step = JSON.parse(lines[line]);
      edit(step);
      await writeFile(
        undoFile,
        lines.map((text, i) => (i === line ? JSON.stringify(step) : text)).join('\n'),
      );
      const { stderr, stdout } = await undo();
      return stderr + stdout;
    };
    expect(await change(step => (step.step = 'run'))).toMatch(
      /file-unusable: .*line 2: not as it was written/,
    );
    expect(await change(step => (step.more = 1))).toMatch(/file-unusable/);
    expect(await listFiles(originals)).toEqual(after);
    expect(await change(step => (step.path = '../../escaped.png'))).toMatch(/no path within the folder/);
    await writeFile(undoFile, 'no JSON\n');
    expect((await undo()).stderr).toMatch(/line 1: expected JSON/);
    await writeFile(undoFile, '');
    expect((await undo()).stderr).toMatch(/line 1/);
    expect(existsSync(join(originals, '../escaped.png'))).toBe(false);
  });

  it('tells what it cannot put back, and puts back the rest', async () => {
    await apply('delete', '--originals', originals);
    await writeFile(join(originals, 'b/copy.png'), 'in its place');
    const { stdout, exitCode } = await undo();
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      undone: 1,
      problems: [{ name: 'b/copy.png', reason: 'another file lies in its place' }],
    });
    expect(existsSync(join(originals, 'b/small.jpg'))).toBe(true);
    await rm(join(originals, 'b/copy.png'));
    expect((await undo()).exitCode).toBe(0);
    expect(existsSync(join(originals, 'b/copy.png'))).toBe(true);
  });

  it('puts back a file that is under both names, as a process left it that was killed between', async () => {
    const to = join(filled.folder, 'moved');
    await mkdir(to);
    await apply('move', '--originals', originals, '--to', to);
    await link(join(to, 'b/copy.png'), join(originals, 'b/copy.png'));
    expect((await undo()).exitCode).toBe(0);
    expect([existsSync(join(to, 'b/copy.png')), existsSync(join(originals, 'b/copy.png'))]).toEqual([
      false,
      true,
    ]);
  });

  it.each([
    ['files', true, 'SIGKILL', null],
    ['items', false, 'SIGKILL', null],
    ['files', true, 'SIGINT', 130],
  ] as const)(
    'can be undone when it is ended half-way, and half of a line says nothing: %s',
    async (_, ofFiles, signal, code) => {
      const copy = await createPicture('many');
      const files = Array.from({ length: 120 }, (__, i) => [`many/${i}.png`, copy] as const);
      await add(Object.fromEntries(files));
      const [before, items] = [await listFiles(originals), await listItems()];
      const target = ofFiles ? ['--originals', originals] : [];
      const { child, finished } = startMedoid([
        ...[
          'dedupe',
          '--gallery',
          filled.directory,
          '--apply',
          'delete',
          '--no-dry-run',
          '--tiers',
          'identical',
        ],
        ...['--undo-file', undoFile, ...target],
      ]);
      const written = (): number =>
        existsSync(undoFile) ? readFileSync(undoFile, 'utf8').split('\n').length : 0;
      // The first 32 items are gone when the next are written down.
      while (written() < 40 && child.exitCode === null) await new Promise(resolve => setImmediate(resolve));
      child.kill(signal);
      const { exitCode, stderr } = await finished;
      expect(exitCode).toBe(code);
      if (code !== null) expect(stderr).toMatch(/--undo .* puts back what was done/);
      expect((ofFiles ? Object.keys(await listFiles(originals)) : await listItems()).length).toBeLessThan(
        124,
      );
      await writeFile(undoFile, '{"step":"delete-fi', { flag: 'a' });
      expect((await undo()).exitCode).toBe(0);
      expect([await listFiles(originals), await listItems()]).toEqual([before, items]);
      expect((await undo()).stdout).toMatch(/"undone":0/);
    },
  );

  it.each([
    [['--apply', 'hardlink'], /expected --originals/],
    [['--apply', 'hardlink', '--originals', '.', '--tiers', 'near'], /expected --tiers identical/],
    [['--apply', 'move'], /expected --to, the collection to move to/],
    [['--apply', 'delete', '--to', 'x'], /with --apply move only/],
    [['--apply', 'delete', '--no-dry-run'], /expected --undo-file/],
    [['--apply', 'shred'], /--apply/],
    [['--apply', 'delete', '--undo', 'x'], /expected one of --undo, --decide and --apply/],
    [['--decide', 'keep'], /expected --decide and --item-ids together/],
    [['--item-ids', '1,2'], /expected --decide and --item-ids together/],
    [['--decide', 'keep', '--item-ids', '1,x'], /expected ids/],
    [['--no-dry-run'], /expected --apply with it/],
    [['--originals', '.'], /expected --apply with it/],
  ])('refuses %j', async (args, reason) => {
    const { exitCode, stderr } = await run(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(reason)]);
  });

  it('writes over no undo file, and undoes by none that is not there', async () => {
    await writeFile(undoFile, 'of something else');
    expect((await apply('delete')).stderr).toMatch(/out-exists/);
    // Nor is a collection left behind that was made for what is not moved.
    expect((await apply('move', '--to', 'copies')).stderr).toMatch(/out-exists/);
    await expect(listItems('copies')).rejects.toThrow(/copies/);
    expect(await readFile(undoFile, 'utf8')).toBe('of something else');
    expect((await run('--undo', join(filled.folder, 'nothing'))).stderr).toMatch(/file-not-found/);
    expect((await listItems()).length).toBe(4);
  });
});
