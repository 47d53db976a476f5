import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readCsvTable } from '../../src/csv-table.js';
import { csvText } from '../../src/csv-text.js';
import { classFolders } from '../../src/datasets/class-folders.js';
import { grocery } from '../../src/datasets/grocery.js';
import { selectClasses } from '../../src/datasets/select-classes.js';
import { createRandom } from '../../src/math/random.js';
import { type CopyKind, copyKinds } from '../duplicates/copy-kinds.js';

const photosCopied = 1000;

/** What `evaluate` is told of a set: of classes that no step of the training saw. */
export interface Measure {
  readonly name: string;
  readonly options: readonly string[];
}

/**
 * Grocery as a catalog: photos of `test.txt`, of classes that are not trained on, asked among the iconic pictures of all
 * 81 classes. Copies them, with a list for the layout `csv` of the splits `photos` and `catalog`.
 * @returns path of the list
 */
async function writeIconicPictures(directory: string, folder: string): Promise<string> {
  const rows: [string, string, string][] = [];
  const copy = async (from: string, split: string, label: string): Promise<void> => {
    const name = `${split}/${basename(from)}`;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), await readFile(from));
    rows.push([name, label, split]);
  };
  const iconic = 'Iconic Image Path (str)';
  const className = 'Class Name (str)';
  for (const { values } of await readCsvTable(join(directory, 'classes.csv'), [iconic, className]))
    await copy(join(directory, values[iconic]), 'catalog', values[className].trim());
  const listed = (await readFile(join(directory, 'test.txt'), 'utf8')).split('\n');
  const asked = new Set(listed.map(line => join(directory, line.split(',')[0].trim())));
  for (const { path, label, splits } of (await grocery.read(directory)).examples)
    if (splits?.includes('test') && asked.has(path)) await copy(path, 'photos', label);
  const list = join(folder, 'list.csv');
  await writeFile(list, csvText([['path', 'label', 'split'], ...rows]));
  return list;
}

const unseenObjects = { selection: 'last:50', excluded: ['BACKGROUND_Google', 'Faces_easy'] };

/**
 * Photos of Caltech-101 of classes that are not trained on as a catalog, and of each an altered copy that is asked among them; the
 * kinds of copies take turns. A list for the layout `csv` of the splits `copies` and `catalog`, each photo a class of its own.
 * @returns path of the list
 */
async function writeCopies(directory: string, folder: string): Promise<string> {
  const { examples } = await selectClasses(await classFolders.read(directory), unseenObjects);
  const chosen = createRandom('copies')
    .shuffle([...examples])
    .slice(0, photosCopied);
  const kinds = (Object.keys(copyKinds) as CopyKind[]).filter(kind => kind !== 'same bytes');
  const rows: [string, string, string][] = [];
  for (const [i, { path }] of chosen.entries()) {
    const picture = await readFile(path);
    const both = { catalog: picture, copies: await copyKinds[kinds[i % kinds.length]](picture) };
    for (const [split, bytes] of Object.entries(both)) {
      const name = `${split}/${i}.jpg`;
      await mkdir(join(folder, split), { recursive: true });
      await writeFile(join(folder, name), bytes);
      rows.push([name, String(i), split]);
    }
  }
  const list = join(folder, 'list.csv');
  await writeFile(list, csvText([['path', 'label', 'split'], ...rows]));
  return list;
}

/** @param data folder of the sets @param work folder for what has to be copied */
export async function prepareMeasures(data: string, work: string): Promise<readonly Measure[]> {
  const at = (folder: string): string[] => ['--data', join(data, folder)];
  const iconic = await writeIconicPictures(join(data, 'grocery'), join(work, 'iconic'));
  const copies = await writeCopies(join(data, 'caltech101'), join(work, 'copies'));
  return [
    { name: 'CUB-200-2011', options: ['--dataset', 'cub-200-2011', ...at('cub-200-2011')] },
    {
      name: 'Caltech-101',
      options: [
        ...at('caltech101'),
        ...['--exclude-classes', unseenObjects.excluded.join(','), '--classes', unseenObjects.selection],
      ],
    },
    { name: 'Grocery', options: ['--dataset', 'grocery', ...at('grocery')] },
    {
      name: 'Grocery, photo to iconic picture',
      options: ['--dataset', 'csv', '--data', iconic, '--split', 'photos:catalog'],
    },
    { name: 'Omniglot', options: ['--dataset', 'omniglot', ...at('omniglot')] },
    {
      name: 'Caltech-101, altered copy to photo',
      options: ['--dataset', 'csv', '--data', copies, '--split', 'copies:catalog'],
    },
  ];
}
