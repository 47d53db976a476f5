import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { matchLine, readListFile, withoutHeader, wrongPlace } from './list-file.js';

const header = 'image_name item_id evaluation_status';

/** The list says `img/…`; unpacked as it is offered, that folder lies in `Img/`. */
async function findPictures(directory: string): Promise<string> {
  const inner = await stat(join(directory, 'Img', 'img')).catch(() => undefined);
  return inner?.isDirectory() ? 'Img/' : '';
}

/** In-Shop Clothes Retrieval of DeepFashion (Liu, Luo, Qiu, Wang, Tang; CVPR 2016): an item is a class. */
export const inShop: DatasetReader = {
  name: 'in-shop',
  published: {
    train: { classes: 3_997, images: 25_882 },
    query: { classes: 3_985, images: 14_218 },
    gallery: { classes: 3_985, images: 12_612 },
  },
  async read(directory) {
    const path = join(directory, 'Eval', 'list_eval_partition.txt');
    const [first = { place: `${path}, line 1`, text: '' }, ...rest] = await readListFile(path);
    const [count] = matchLine(first, /^(\d+)$/, 'the number of images');
    const lines = withoutHeader(rest, header, path);
    if (Number(count) !== lines.length) {
      throw wrongPlace(first.place, `${lines.length}, the number of images that follow`, count);
    }
    const folder = await findPictures(directory);
    const images = lines.map((line): ListedImage => {
      const pattern = /^(.+?)\s+(\S+)\s+(train|query|gallery)$/;
      const [image, label, split] = matchLine(line, pattern, `a path, an item and train, query or gallery`);
      return { place: line.place, path: `${folder}${image}`, label, split };
    });
    return buildDataset(directory, images);
  },
};
