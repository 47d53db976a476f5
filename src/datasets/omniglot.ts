import { readdir, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { MedoidError } from '../errors.js';
import { isImageName } from '../images/image-name.js';
import { inCodePointOrder } from '../in-code-point-order.js';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { wrongPlace } from './list-file.js';
import { readZipFile } from './zip-file.js';

const parts = [
  { split: 'train', name: 'images_background_small1' },
  { split: 'test', name: 'images_background_small2' },
] as const;

interface Drawing {
  /** From the folder of the data set, with slashes. */
  readonly path: string;
  /** From the top folder of the part, with slashes. */
  readonly inner: string;
  readonly bytes?: Uint8Array;
}

const isDrawing = (name: string): boolean => isImageName(posix.basename(name));

async function listFolder(directory: string, name: string): Promise<Drawing[]> {
  const root = join(directory, name);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => !entry.isDirectory() && isImageName(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .map(inner => ({ path: `${name}/${inner}`, inner }));
}

async function listArchive(directory: string, name: string): Promise<Drawing[]> {
  const members = await readZipFile(join(directory, `${name}.zip`), isDrawing);
  return members.map(({ name: member, bytes }) => {
    const inner = member.startsWith(`${name}/`) ? member.slice(name.length + 1) : member;
    return { path: `${name}.zip/${member}`, inner, bytes };
  });
}

async function listPart(directory: string, name: string): Promise<Drawing[]> {
  const kindOf = (path: string) => stat(path).catch(() => undefined);
  if ((await kindOf(join(directory, name)))?.isDirectory()) return listFolder(directory, name);
  if ((await kindOf(join(directory, `${name}.zip`)))?.isFile()) return listArchive(directory, name);
  throw new MedoidError(
    'file-not-found',
    `expected ${join(directory, `${name}.zip`)} or the folder ${join(directory, name)}, found neither`,
    { field: 'data' },
  );
}

/**
 * Omniglot (Lake, Salakhutdinov, Tenenbaum; Science 2015), its two small background sets: five alphabets to train with
 * and five others to test on. A character of an alphabet is a class. The archives are read as they are, into memory:
 * they hold less than a megabyte of drawings each.
 */
export const omniglot: DatasetReader = {
  name: 'omniglot',
  published: { train: { classes: 136, images: 2_720 }, test: { classes: 156, images: 3_120 } },
  async read(directory) {
    const images: ListedImage[] = [];
    for (const { split, name } of parts) {
      const drawings = await listPart(directory, name);
      for (const { path, inner, bytes } of drawings.sort((a, b) => inCodePointOrder(a.inner, b.inner))) {
        const label = /^([^/]+\/[^/]+)\/[^/]+$/.exec(inner)?.[1];
        const place = join(directory, path);
        if (label === undefined) throw wrongPlace(place, 'alphabet/character/drawing', inner);
        images.push({ place, path, label, split, ...(bytes === undefined ? {} : { bytes }) });
      }
    }
    return buildDataset(directory, images);
  },
};
