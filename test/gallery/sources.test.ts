import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { importImages } from '../../src/gallery/import-images.js';
import { openSource } from '../../src/gallery/open-source.js';
import { createPicture } from '../fixtures/images.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe('sources of images', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-sources-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const csv = async (text: string | Buffer): Promise<string> => {
    const path = join(folder, 'table.csv');
    await writeFile(path, text);
    return path;
  };
  const open = (path: string, labelFrom: 'folder' | 'none' = 'folder') => openSource(path, { labelFrom });

  it('are the lines of a CSV file: path, key, label, and all else as metadata', async () => {
    const text =
      '\uFEFFpath, label,key,price,"colour, main"\r\na.jpg,Mug,m-1,9.50,"red, dark"\r\n"b ""x"".png",,,,\r\n';
    const { images, ignored, failed } = await open(await csv(text));
    expect({ ignored, failed }).toEqual({ ignored: 0, failed: [] });
    expect(images).toEqual([
      {
        path: join(folder, 'a.jpg'),
        shownPath: 'a.jpg',
        key: 'm-1',
        label: 'Mug',
        metadata: { price: '9.50', 'colour, main': 'red, dark' },
      },
      {
        path: join(folder, 'b "x".png'),
        shownPath: 'b "x".png',
        key: 'b "x".png',
        label: null,
        metadata: { price: '', 'colour, main': '' },
      },
    ]);
  });

  it.each([
    ['has no path column', 'file,label\na.jpg,x\n', /line 1: expected a column "path", got file, label/],
    ['has a column twice', 'path,key,key\n', /line 1: the column "key" comes twice/],
    ['has an empty path', 'path,key\na.jpg,1\n,2\n', /line 3: the path is empty/],
    ['has a key twice', 'path,key\na.jpg,1\nb.jpg,1\n', /line 3: the key "1" is that of line 2 already/],
    ['has a line of another length', 'path,key\na.jpg\n', /line 2: .*length/i],
    ['ends inside a quote', 'path\n"a.jpg\n', /quote/i],
    ['is not UTF-8', Buffer.from([0x70, 0x61, 0x74, 0x68, 0x0a, 0xff, 0xfe, 0x0a]), /expected UTF-8/],
  ])('refuse a CSV file that %s, naming the line', async (_, text, message) => {
    const opened = open(await csv(text));
    await expect(opened).rejects.toMatchObject({ code: 'invalid-dataset' });
    await expect(opened).rejects.toThrow(message);
  });

  it('are the image files below a folder, labelled by the top one', async () => {
    const root = join(folder, 'tree');
    await mkdir(join(root, 'mugs', 'red'), { recursive: true });
    for (const name of [
      'loose.png',
      'mugs/b.JPG',
      'mugs/a.webp',
      'mugs/red/c.png',
      'mugs/notes.txt',
      '.DS_Store',
    ]) {
      await writeFile(join(root, name), '');
    }
    // A loop, a second way to a folder that comes before the first, and a link that leads nowhere.
    await symlink(join(root, 'mugs'), join(root, 'early'));
    await symlink(root, join(root, 'mugs', 'again'));
    await symlink(join(root, 'gone.png'), join(root, 'broken.png'));
    const { images, ignored } = await open(root);
    expect(images.map(({ key, label }) => [key, label])).toEqual([
      ['broken.png', null],
      ['loose.png', null],
      ['mugs/a.webp', 'mugs'],
      ['mugs/b.JPG', 'mugs'],
      ['mugs/red/c.png', 'mugs'],
    ]);
    expect(ignored).toBe(2);
    expect((await open(root, 'none')).images.every(({ label }) => label === null)).toBe(true);
  });

  it('are refused when they are neither', async () => {
    await writeFile(join(folder, 'list.txt'), '');
    await expect(open(join(folder, 'list.txt'))).rejects.toMatchObject({ code: 'invalid-dataset' });
    await expect(open(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('bring a collection up to date: what is new, changed, only said otherwise, and broken', async () => {
    const root = join(folder, 'shop');
    await mkdir(root);
    for (const name of ['a', 'b', 'c']) await writeFile(join(root, `${name}.png`), await createPicture(name));
    const table = join(root, 'table.csv');
    const gallery = await Gallery.open(join(folder, 'gallery'), { access: 'write', create: true });
    const collection = await gallery.createCollection(
      'default',
      await createTinyModel(join(folder, 'model')),
    );
    const run = async (text: string) => {
      await writeFile(table, text);
      const { failed, ...counts } = await importImages(collection, await open(table), { batchSize: 2 });
      return { ...counts, failed: failed.map(({ path, code }) => `${path} ${code}`) };
    };
    const none = { added: 0, replaced: 0, updated: 0, unchanged: 0, ignored: 0, failed: [] as string[] };
    expect(await run('path,price\na.png,1\nb.png,2\nc.png,3\n')).toEqual({ ...none, added: 3 });
    await writeFile(join(root, 'c.png'), await createPicture('other'));
    await writeFile(join(root, 'd.png'), 'no picture');
    expect(await run('path,price\na.png,1\nb.png,9\nc.png,3\nd.png,4\ngone.png,5\n')).toEqual({
      ...none,
      ...{ unchanged: 1, updated: 1, replaced: 1 },
      failed: ['d.png unsupported-image', 'gone.png file-not-found'],
    });
    expect(collection.size).toBe(3);
    await gallery.close();
  });
});
