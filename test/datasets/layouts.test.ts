import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/datasets/dataset.js';
import { datasets } from '../../src/datasets/index.js';
import { readExample } from '../../src/datasets/read-example.js';
import { isInSplit, splitsOf } from '../../src/datasets/select-split.js';
import {
  createCars,
  createCub,
  createFolders,
  createGrocery,
  createInShop,
  createOmniglot,
  createProducts,
  createTable,
  type Layout,
  writeLayout,
} from '../fixtures/layouts.js';

/** Of every layout there is: a small one, and what to open when it is not the folder. */
const small: Readonly<Record<string, { readonly layout: Layout; readonly file?: string }>> = {
  'class-folders': { layout: createFolders() },
  csv: { layout: createTable(), file: 'table.csv' },
  'cub-200-2011': { layout: createCub() },
  cars196: { layout: createCars() },
  'stanford-online-products': { layout: createProducts() },
  'in-shop': { layout: createInShop() },
  omniglot: { layout: createOmniglot() },
  grocery: { layout: createGrocery() },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medoid-layouts-'));
});
afterAll(() => rm(folder, { recursive: true }));

let written = 0;
/** Reads a layout from a folder of its own. */
async function read(name: string, layout: Layout): Promise<{ root: string; dataset: Dataset }> {
  const root = await writeLayout(join(folder, `${name}-${written++}`), layout);
  const reader = datasets.find(dataset => dataset.name === name);
  if (reader === undefined) throw new Error(`no layout ${name}`);
  return { root, dataset: await reader.read(join(root, small[name].file ?? '')) };
}

const edited = (layout: Layout, edit: (text: string, name: string) => string): Layout =>
  Object.fromEntries(
    Object.entries(layout).map(([name, content]) => [
      name,
      typeof content === 'string' ? edit(content, name) : content,
    ]),
  );

/** By split, the images as `class path`. */
function inSplits({ root, dataset }: { root: string; dataset: Dataset }, ...splits: string[]) {
  return splits.map(split =>
    dataset.examples
      .filter(example => isInSplit(example, split))
      .map(({ label, path }) => `${label} ${relative(root, path)}`),
  );
}

describe.each(datasets.map(({ name }) => name))('the layout %s', name => {
  it('gives every image once, below the folder, in the order of the classes', async () => {
    const { root, dataset } = await read(name, small[name].layout);
    const { examples, classes } = dataset;
    const paths = examples.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(path.startsWith(root)).toBe(true);
    expect([...new Set(examples.map(({ label }) => label))]).toEqual(classes);
    expect(classes.length).toBeGreaterThan(1);
  });

  it('is the same with CRLF and blank lines', async () => {
    const { root, dataset } = await read(name, small[name].layout);
    const strange = edited(small[name].layout, text => text.replaceAll('\n', '\r\n\r\n'));
    const other = await read(name, strange);
    const shown = ({ examples }: Dataset, from: string) =>
      examples.map(example => ({ ...example, path: relative(from, example.path) }));
    expect(shown(other.dataset, other.root)).toEqual(shown(dataset, root));
  });

  it('says which file is missing', async () => {
    const reader = datasets.find(dataset => dataset.name === name);
    const gone = join(folder, 'nowhere', small[name].file ?? '');
    await expect(reader?.read(gone)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(reader?.read(gone)).rejects.toThrow(/nowhere/);
  });
});

describe('the layout of', () => {
  it('cub-200-2011 trains on classes 1 to 100 and tests on the others, in the order of their numbers', async () => {
    const { root, dataset } = await read('cub-200-2011', createCub());
    expect(dataset.classes[0]).toBe('001.Bird_1');
    const [train, test] = inSplits({ root, dataset }, 'train', 'test');
    expect(train).toHaveLength(200);
    expect(test).toEqual([
      '101.Bird_101 images/101.Bird_101/Bird 0.jpg',
      '101.Bird_101 images/101.Bird_101/Bird 1.jpg',
      '102.Bird_102 images/102.Bird_102/Bird 0.jpg',
      '102.Bird_102 images/102.Bird_102/Bird 1.jpg',
    ]);
  });

  it('cars196 counts classes from 1 and trains on the first 98', async () => {
    const { root, dataset } = await read('cars196', createCars());
    const [train, test] = inSplits({ root, dataset }, 'train', 'test');
    expect(train).toHaveLength(196);
    expect(train[0]).toBe('Car 1 été car_ims/000001.jpg');
    expect(test).toEqual([
      'Car 99 été car_ims/000197.jpg',
      'Car 99 été car_ims/000198.jpg',
      'Car 100 été car_ims/000199.jpg',
      'Car 100 été car_ims/000200.jpg',
    ]);
  });

  it('stanford-online-products takes each list for a split and orders classes by their numbers', async () => {
    const given = await read('stanford-online-products', createProducts());
    expect(given.dataset.classes).toEqual(['9', '10', '11']);
    expect(inSplits(given, 'train', 'test')).toEqual([
      ['9 bicycle_final/2_0.JPG', '10 bicycle_final/1_0.JPG', '10 bicycle_final/1_1.JPG'],
      ['11 chair_final/3 0.JPG'],
    ]);
  });

  it('in-shop has queries and a gallery, the pictures at the top or as they are offered in Img', async () => {
    const queries = ['id_01 img/WOMEN/Tees/id_01/01_front.jpg', 'id_03 img/MEN/Polos/id_03/01_front.jpg'];
    const given = await read('in-shop', createInShop());
    expect(splitsOf(given.dataset)).toEqual(['query', 'gallery', 'train']);
    expect(inSplits(given, 'query')).toEqual([queries]);
    expect(inSplits(given, 'train')).toEqual([['id_02 img/WOMEN/Tees/id_02/01_front.jpg']]);
    const offered = await read('in-shop', { ...createInShop(), 'Img/img/WOMEN/Tees/id_02/01_front.jpg': '' });
    expect(inSplits(offered, 'train')).toEqual([['id_02 Img/img/WOMEN/Tees/id_02/01_front.jpg']]);
  });

  it('omniglot is read from folders and archives alike, a character of an alphabet a class', async () => {
    const given = await read('omniglot', createOmniglot());
    const [train, test] = inSplits(given, 'train', 'test');
    expect(train).toEqual([
      'Latin/character01 images_background_small1/Latin/character01/0001_01.png',
      'Latin/character01 images_background_small1/Latin/character01/0001_02.png',
      'Latin/character02 images_background_small1/Latin/character02/0002_01.png',
    ]);
    const inArchive = 'images_background_small2.zip/images_background_small2/Greek/character01';
    expect(test).toEqual([
      `Greek/character01 ${inArchive}/0003_01.png`,
      `Greek/character01 ${inArchive}/0003_02.png`,
    ]);
    const texts = await Promise.all(
      given.dataset.examples.map(async example => Buffer.from(await readExample(example)).toString()),
    );
    expect(texts.sort()).toEqual([
      ...['a drawing', 'a drawing', 'a drawing'],
      ...['alpha', 'alpha again, a longer one: aaaaaaaaaaaaaaaa'],
    ]);
  });

  it('grocery divides its fine classes, whatever list an image is in', async () => {
    const given = await read('grocery', createGrocery());
    expect(given.dataset.classes.slice(0, 2)).toEqual(['Fruit-0', 'Fruit-1']);
    const [train, test] = inSplits(given, 'train', 'test');
    expect(train.slice(0, 2)).toEqual(['Fruit-0 train/Fruit 0/a.jpg', 'Fruit-0 val/Fruit 0/b.jpg']);
    expect(train).toHaveLength(42);
    expect(test).toEqual(['Fruit-41 train/Fruit 41/a.jpg', 'Fruit-41 test/Fruit 41/c.jpg']);
  });

  it('csv may put an image in several splits or none', async () => {
    const given = await read('csv', createTable());
    expect(given.dataset.classes).toEqual(['Cup', 'Mug']);
    expect(inSplits(given, 'query', 'gallery', 'all')).toEqual([
      ['Mug a.jpg'],
      ['Mug a.jpg', 'Mug b, c.jpg'],
      ['Cup sub/d.jpg', 'Mug a.jpg', 'Mug b, c.jpg'],
    ]);
  });
});

describe('a wrong layout is refused, naming the place:', () => {
  const products = 'stanford-online-products';
  const cases: [string, string, RegExp | string, string, RegExp][] = [
    [
      products,
      'Ebay_train.txt',
      /^.*\n/,
      '',
      /Ebay_train.txt, line 1: expected the header image_id .*"1 10 1 /,
    ],
    [
      products,
      'Ebay_test.txt',
      /^[\s\S]*$/,
      '',
      /Ebay_test.txt, line 1: expected the header image_id .*got ""/,
    ],
    [
      products,
      'Ebay_train.txt',
      '3 9 1',
      '3 x 1',
      /Ebay_train.txt, line 4: expected three numbers .*"3 x 1 /,
    ],
    [
      products,
      'Ebay_train.txt',
      '1_1',
      '1_0',
      /line 3: expected an image that is not listed .*line 2\), got/,
    ],
    [
      products,
      'Ebay_test.txt',
      '3 0.JPG',
      '../../x.JPG',
      /line 2: .*inside .*got "chair_final\/..\/..\/x.JPG"/,
    ],
    [
      products,
      'Ebay_test.txt',
      'chair_final',
      '/etc',
      /line 2: expected a path inside .*got "\/etc\/3 0.JPG"/,
    ],
    [products, 'Ebay_test.txt', 'chair_final', 'C:\\x', /line 2: expected a path inside .*got "C:/],
    [
      products,
      'Ebay_test.txt',
      'chair_final/3 0',
      'bicycle_final/1_0',
      /expected the class "10" as in .*"11"/,
    ],
    [
      'cub-200-2011',
      'images.txt',
      /^2 .*\n/m,
      '',
      /labels.txt, line 2: expected the number of an image in .*"2"/,
    ],
    [
      'cub-200-2011',
      'images.txt',
      /^2 .*/m,
      '1 x.jpg',
      /images.txt, line 2: expected a number unlike .*line 1/,
    ],
    [
      'cub-200-2011',
      'images.txt',
      /^2 .*/m,
      '2',
      /images.txt, line 2: .*number of an image and its path.*"2"/,
    ],
    [
      'cub-200-2011',
      'image_class_labels.txt',
      /^3 .*\n/m,
      '',
      /images.txt, line 3: .*class in .*labels.txt.*"3"/,
    ],
    [
      'cub-200-2011',
      'image_class_labels.txt',
      /^3 .*/m,
      '3 999',
      /labels.txt, line 3: .*classes.txt, got "999"/,
    ],
    [
      'in-shop',
      'Eval/list_eval_partition.txt',
      /^5/,
      '7',
      /partition.txt, line 1: expected 5, the .*got "7"/,
    ],
    [
      'in-shop',
      'Eval/list_eval_partition.txt',
      /^5\n/,
      '',
      /line 1: expected the number of images, got "image_/,
    ],
    [
      'in-shop',
      'Eval/list_eval_partition.txt',
      'item_id',
      'id',
      /line 2: expected the header .*got "image_name/,
    ],
    [
      'in-shop',
      'Eval/list_eval_partition.txt',
      ' train',
      ' val',
      /line 3: .*train, query or gallery, got .*val"/,
    ],
    ['grocery', 'val.txt', ', 0, 0', '; 0, 0', /val.txt, line 1: expected a path, a fine and a coarse/],
    [
      'grocery',
      'val.txt',
      ', 0, 0',
      ', 81, 0',
      /val.txt, line 1: expected .* class in .*classes.csv, got "81"/,
    ],
    ['grocery', 'classes.csv', 'ID (int)', 'ID', /classes.csv, line 1: expected a column "Class ID \(int\)"/],
    [
      'grocery',
      'classes.csv',
      'Fruit-41,41',
      'Fruit-40,41',
      /classes.csv, line 3: .*not there yet, got .*40/,
    ],
    [
      'grocery',
      'classes.csv',
      'Fruit-41,41',
      'Fruit-41,',
      /classes.csv, line 2: expected a name and a whole/,
    ],
    [
      'csv',
      'table.csv',
      'label',
      'class',
      /table.csv, line 1: expected a column "label", got path, class, split/,
    ],
    ['csv', 'table.csv', 'a.jpg,Mug', 'a.jpg,', /table.csv, line 2: expected a label, got ""/],
    ['csv', 'table.csv', 'query', 'all', /table.csv, line 2: expected a split .* got "all"/],
    ['csv', 'table.csv', 'query', 'a:b', /table.csv, line 2: expected a split .* got "a:b"/],
    [
      'csv',
      'table.csv',
      'query',
      'gallery',
      /table.csv, line 4: expected an image that is not listed yet .*line 2/,
    ],
    ['csv', 'table.csv', 'sub\\d.jpg', '', /table.csv, line 5: expected a path inside .*got ""/],
    ['csv', 'table.csv', 'sub', '..', /table.csv, line 5: expected a path inside .*got "..\\\\d.jpg"/],
    ['csv', 'table.csv', /\n[\s\S]*$/, '\n', /expected at least one image, found none/],
  ];
  it.each(cases)('%s, %s with %s for %j', async (name, file, from, to, message) => {
    const wrong = edited(small[name].layout, (text, at) => (at === file ? text.replace(from, to) : text));
    expect(wrong).not.toEqual(small[name].layout);
    const reading = read(name, wrong);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: 'invalid-dataset' });
  });

  it.each(datasets.map(({ name }) => name).filter(name => !['class-folders', 'omniglot'].includes(name)))(
    '%s without any of its files',
    async name => {
      for (const file of Object.keys(small[name].layout).filter(path => !path.startsWith('img'))) {
        const others = Object.entries(small[name].layout).filter(([path]) => path !== file);
        await expect(read(name, Object.fromEntries(others))).rejects.toThrow(new RegExp(file));
      }
    },
  );

  it('omniglot without a part, with a damaged archive, with a drawing in the wrong place', async () => {
    const whole = createOmniglot();
    const archive = whole['images_background_small2.zip'] as Uint8Array;
    const withSecond = (bytes: Uint8Array) => ({ ...whole, 'images_background_small2.zip': bytes });
    const { 'images_background_small2.zip': _, ...first } = whole;
    await expect(read('omniglot', first)).rejects.toThrow(/small2.zip or the folder .*small2, found neither/);
    const cut = read('omniglot', withSecond(archive.slice(0, -30)));
    await expect(cut).rejects.toThrow(/small2.zip: expected a whole zip archive/);
    const changed = Buffer.from(archive);
    changed[changed.indexOf('Greek/character01/0003_01.png') + 30] ^= 0xff;
    await expect(read('omniglot', withSecond(changed))).rejects.toThrow(/small2.zip: expected a whole zip/);
    const boastful = Buffer.from(archive);
    const lastHeader = boastful.lastIndexOf('images_background_small2/Greek/character01/0003_02.png') - 46;
    boastful.writeUInt32LE(2 ** 31, lastHeader + 24);
    await expect(read('omniglot', withSecond(boastful))).rejects.toThrow(/0003_02.png: expected at most/);
    const loose = read('omniglot', { ...whole, 'images_background_small1/Latin/loose.png': '' });
    await expect(loose).rejects.toThrow(
      /loose.png: expected alphabet\/character\/drawing, got "Latin\/loose/,
    );
  });
});
