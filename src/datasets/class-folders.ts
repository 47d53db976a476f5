import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';
import { isImageName } from '../images/image-name.js';
import { type DatasetReader, type Example, inCodePointOrder } from './dataset.js';

/** Images below a folder, in code-point order of their paths from it. */
async function listImages(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => !entry.isDirectory() && isImageName(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort(inCodePointOrder);
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
    const folders = entries.filter(entry => entry.isDirectory() || entry.isSymbolicLink());
    const names = folders.map(({ name }) => name).sort(inCodePointOrder);
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
