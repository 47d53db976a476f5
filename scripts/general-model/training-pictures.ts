import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { csvText } from '../../src/csv-text.js';
import type { Example } from '../../src/datasets/dataset.js';
import { datasets } from '../../src/datasets/index.js';
import { selectClasses } from '../../src/datasets/select-classes.js';
import { selectSplits } from '../../src/datasets/select-split.js';
import { readZipFile } from '../../src/datasets/zip-file.js';
import { isImageName } from '../../src/images/image-name.js';

interface Source {
  /** Folder of the set in the folder of all sets. */
  readonly folder: string;
  readonly read: (path: string) => Promise<readonly Example[]>;
}

const readerOf = (name: string) => {
  const reader = datasets.find(dataset => dataset.name === name);
  if (reader === undefined) throw new Error(`there is no layout ${name}`);
  return reader;
};

/** Classes that a set keeps for training, by its own split. */
const trainingSplit = (layout: string) => async (path: string) =>
  selectSplits(await readerOf(layout).read(path), ['train']).examples;

/** Caltech-101: `Faces_easy` shows who `Faces` does, and the background is no class; the first half of the others. */
async function readCaltech(path: string): Promise<readonly Example[]> {
  const selection = { selection: 'first:50', excluded: ['BACKGROUND_Google', 'Faces_easy'] };
  return (await selectClasses(await readerOf('class-folders').read(path), selection)).examples;
}

/** Tiny ImageNet as one archive a class. */
async function readTinyImagenet(path: string): Promise<readonly Example[]> {
  const archives = (await readdir(path)).filter(name => name.endsWith('.zip')).sort();
  const examples: Example[] = [];
  for (const archive of archives) {
    const label = archive.slice(0, -'.zip'.length);
    const members = await readZipFile(join(path, archive), isImageName);
    examples.push(...members.map(({ name, bytes }) => ({ path: `${archive}/${name}`, label, bytes })));
  }
  return examples;
}

const sources: readonly Source[] = [
  { folder: 'tiny-imagenet', read: readTinyImagenet },
  { folder: 'caltech101', read: readCaltech },
  { folder: 'cub-200-2011', read: trainingSplit('cub-200-2011') },
  { folder: 'grocery', read: trainingSplit('grocery') },
  { folder: 'omniglot', read: trainingSplit('omniglot') },
];

/**
 * Copies what the general model is trained on into one folder, with a list of it for the layout `csv`. Of each set the
 * classes that are for training only.
 * @param data folder of the sets
 * @returns path of the list
 */
export async function writeTrainingPictures(
  data: string,
  { folder, tell }: { readonly folder: string; readonly tell: (line: string) => void },
): Promise<string> {
  const rows: [string, string][] = [];
  for (const source of sources) {
    const examples = await source.read(join(data, source.folder));
    for (const [i, { path, label, bytes }] of examples.entries()) {
      const name = `${source.folder}/${Math.floor(i / 1000)}/${i}${extname(path)}`;
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes ?? (await readFile(path)));
      rows.push([name, `${source.folder}/${label}`]);
    }
    const classes = new Set(examples.map(({ label }) => label)).size;
    tell(`${source.folder}: ${examples.length} pictures of ${classes} classes to train with`);
  }
  const list = join(folder, 'list.csv');
  await writeFile(list, csvText([['path', 'label'], ...rows]));
  return list;
}
