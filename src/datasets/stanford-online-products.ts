import { join } from 'node:path';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { matchLine, readListFile, withoutHeader } from './list-file.js';

const header = 'image_id class_id super_class_id path';

async function readList(directory: string, file: string, split: string): Promise<ListedImage[]> {
  const path = join(directory, file);
  return withoutHeader(await readListFile(path), header, path).map(line => {
    const [label, image] = matchLine(
      line,
      /^\d+\s+(\d+)\s+\d+\s+(.+)$/,
      `three numbers and a path (${header})`,
    );
    return { place: line.place, path: image, label, split };
  });
}

/** Stanford Online Products (Song, Xiang, Jegelka, Savarese; CVPR 2016): a product is a class, named by its number. */
export const stanfordOnlineProducts: DatasetReader = {
  name: 'stanford-online-products',
  published: {
    train: { classes: 11_318, images: 59_551 },
    test: { classes: 11_316, images: 60_502 },
  },
  async read(directory) {
    const images = [
      ...(await readList(directory, 'Ebay_train.txt', 'train')),
      ...(await readList(directory, 'Ebay_test.txt', 'test')),
    ];
    const classes = [...new Set(images.map(({ label }) => label))].sort((a, b) => Number(a) - Number(b));
    return buildDataset(directory, images, classes);
  },
};
