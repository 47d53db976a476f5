import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';
import { isImageName } from '../images/image-name.js';
import { inCodePointOrder } from '../in-code-point-order.js';
import type { DatasetReader, Example } from './dataset.js';

/** What a name stands for, links followed; neither of the two for pipes, devices and links that lead nowhere. */
async function kindOf(path: string): Promise<'folder' | 'file' | 'other'> {
  const target = await stat(path).catch(() => undefined);
  if (target === undefined) return 'other';
  return target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'other';
}

/** Images below a folder, in code-point order of their paths from it. */
async function listImages(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter(({ name }) => isImageName(name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort(inCodePointOrder);
  const kinds = await Promise.all(paths.map(kindOf));
  return paths.filter((_, i) => kinds[i] === 'file');
}

/** A folder a class, named after it; the images lie in it or deeper. Folders without images are no classes. */
export const classFolders: DatasetReader = {
  name: 'class-folders',
  async read(directory) {
    const entries = await readdir(directory, { withFileTypes: true }).catch(error => {
      throw new MedoidError(
        'file-not-found',
        `expected a folder with a folder a class: ${messageOf(error)}`,
        {
          field: 'data',
          cause: error,
        },
      );
    });
    const kinds = await Promise.all(entries.map(({ name }) => kindOf(join(directory, name))));
    const names = entries
      .filter(({ name }, i) => kinds[i] === 'folder' && !name.startsWith('.'))
      .map(({ name }) => name)
      .sort(inCodePointOrder);
    const examples: Example[] = [];
    const classes: string[] = [];
    for (const label of names) {
      const paths = await listImages(join(directory, label));
      if (paths.length > 0) classes.push(label);
      for (const path of paths) examples.push({ path, label });
    }
    if (classes.length === 0) {
      throw new MedoidError(
        'invalid-dataset',
        `${directory}: expected a folder with images for each class, found ${names.length} folders and no image`,
      );
    }
    return { examples, classes };
  },
};
