import { dirname, resolve } from 'node:path';
import { readCsvTable, wrongLine } from '../csv-table.js';
import type { ImageSource, SourceImage } from './image-source.js';

/**
 * A table of images: a header, then one line each. Columns: `path` (relative to the file), and if wanted `key`
 * (else the path) and `label`; every other column is metadata.
 * @throws MedoidError `invalid-dataset` naming the line
 */
export async function readCsvSource(path: string): Promise<ImageSource> {
  const lineOfKey = new Map<string, number>();
  const images = (await readCsvTable(path, ['path'])).map(({ values, line }): SourceImage => {
    const { path: shownPath, label = '', key: givenKey = '', ...metadata } = values;
    if (shownPath === '') throw wrongLine(path, line, 'the path is empty');
    const key = givenKey === '' ? shownPath.replaceAll('\\', '/') : givenKey;
    const earlier = lineOfKey.get(key);
    if (earlier !== undefined) {
      throw wrongLine(path, line, `the key ${JSON.stringify(key)} is that of line ${earlier} already`);
    }
    lineOfKey.set(key, line);
    return {
      path: resolve(dirname(path), shownPath),
      shownPath,
      key,
      label: label === '' ? null : label,
      metadata,
    };
  });
  return { images, failed: [], ignored: 0 };
}
