import { join } from 'node:path';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { matchLine, readListFile, wrongPlace } from './list-file.js';

const trainingClasses = 100;

interface Numbered {
  readonly place: string;
  readonly value: string;
}

/** Lines of a number and a value, by the number. */
async function readNumbered(path: string, meaning: string): Promise<ReadonlyMap<number, Numbered>> {
  const entries = new Map<number, Numbered>();
  for (const line of await readListFile(path)) {
    const [id, value] = matchLine(line, /^(\d+)\s+(.+)$/, meaning);
    const earlier = entries.get(Number(id));
    if (earlier !== undefined) throw wrongPlace(line.place, `a number unlike that of ${earlier.place}`, id);
    entries.set(Number(id), { place: line.place, value });
  }
  return entries;
}

/**
 * Caltech-UCSD Birds (Wah, Branson, Welinder, Perona, Belongie 2011). The split of the paper, by class: the first 100
 * train, the others test; `train_test_split.txt`, which divides every class, is not it.
 */
export const cub2002011: DatasetReader = {
  name: 'cub-200-2011',
  published: { train: { classes: 100, images: 5_864 }, test: { classes: 100, images: 5_924 } },
  async read(directory) {
    const files = {
      classes: join(directory, 'classes.txt'),
      images: join(directory, 'images.txt'),
      labels: join(directory, 'image_class_labels.txt'),
    };
    const classes = await readNumbered(files.classes, 'the number of a class and its name');
    const images = await readNumbered(files.images, 'the number of an image and its path');
    const labels = await readNumbered(files.labels, 'the number of an image and that of its class');
    for (const [id, { place }] of labels) {
      if (!images.has(id)) throw wrongPlace(place, `the number of an image in ${files.images}`, String(id));
    }
    const listed = [...images].map(([id, { place, value }]): ListedImage => {
      const label = labels.get(id);
      if (label === undefined)
        throw wrongPlace(place, `an image with a class in ${files.labels}`, String(id));
      const name = classes.get(Number(label.value));
      if (name === undefined) {
        throw wrongPlace(label.place, `the number of a class in ${files.classes}`, label.value);
      }
      const split = Number(label.value) <= trainingClasses ? 'train' : 'test';
      return { place, path: `images/${value}`, label: name.value, split };
    });
    const inOrder = [...classes].sort(([a], [b]) => a - b).map(([, { value }]) => value);
    return buildDataset(directory, listed, inOrder);
  },
};
