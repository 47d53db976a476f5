import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';
import { readCsvSource } from './csv-source.js';
import { type LabelSource, readFolderSource } from './folder-source.js';
import type { ImageSource } from './image-source.js';

/**
 * Lists the images of a folder or of a `.csv` file.
 * @throws MedoidError `file-not-found` or `invalid-dataset`
 */
export async function openSource(
  path: string,
  options: { readonly labelFrom: LabelSource },
): Promise<ImageSource> {
  const kind = await stat(path).catch(error => {
    throw new MedoidError('file-not-found', `expected a folder or a .csv file: ${messageOf(error)}`);
  });
  if (kind.isDirectory()) return readFolderSource(path, options);
  if (extname(path).toLowerCase() === '.csv') return readCsvSource(path);
  throw new MedoidError('invalid-dataset', `expected a folder or a .csv file, got ${path}`);
}
