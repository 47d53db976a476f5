import { join } from 'node:path';
import { readCsvTable, wrongLine } from '../csv-table.js';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { matchLine, readListFile, wrongPlace } from './list-file.js';

const trainingClasses = 41;
const columns = { name: 'Class Name (str)', id: 'Class ID (int)' } as const;

/** Names of the fine classes by their number, in its order. */
async function readClasses(path: string): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>();
  for (const { values, line } of await readCsvTable(path, [columns.name, columns.id])) {
    const name = values[columns.name].trim();
    const id = values[columns.id].trim();
    if (name === '' || !/^\d+$/.test(id)) {
      throw wrongLine(path, line, `expected a name and a whole number, got ${JSON.stringify([name, id])}`);
    }
    if (names.has(Number(id)) || [...names.values()].includes(name)) {
      throw wrongLine(
        path,
        line,
        `expected a class that is not there yet, got ${JSON.stringify([name, id])}`,
      );
    }
    names.set(Number(id), name);
  }
  return new Map([...names].sort(([a], [b]) => a - b));
}

/**
 * Grocery Store dataset (Klasson, Zhang, Kjellström; WACV 2019) by its 81 fine classes. Its three lists divide every
 * class; here the classes are divided, as metric learning wants it: fine numbers 0 to 40 train, the others test.
 */
export const grocery: DatasetReader = {
  name: 'grocery',
  async read(directory) {
    const classesPath = join(directory, 'classes.csv');
    const classes = await readClasses(classesPath);
    const images: ListedImage[] = [];
    for (const list of ['train.txt', 'val.txt', 'test.txt']) {
      for (const line of await readListFile(join(directory, list))) {
        const [path, id] = matchLine(
          line,
          /^(.+?)\s*,\s*(\d+)\s*,\s*\d+$/,
          'a path, a fine and a coarse number',
        );
        const label = classes.get(Number(id));
        if (label === undefined) throw wrongPlace(line.place, `the number of a class in ${classesPath}`, id);
        const split = Number(id) < trainingClasses ? 'train' : 'test';
        images.push({ place: line.place, path, label, split });
      }
    }
    return buildDataset(directory, images, [...classes.values()]);
  },
};
