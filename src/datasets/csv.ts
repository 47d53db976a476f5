import { dirname } from 'node:path';
import { readCsvTable } from '../csv-table.js';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { wrongPlace } from './list-file.js';
import { everySplit } from './select-split.js';

/**
 * A table: a CSV file with the columns `path` (from the folder it lies in) and `label`, and if wanted `split`, the name
 * of the part that the image belongs to. An image may stand in several parts, one line each.
 */
export const csv: DatasetReader = {
  name: 'csv',
  async read(file) {
    const records = await readCsvTable(file, ['path', 'label']);
    const images = records.map(({ values: { path, label, split = '' }, line }): ListedImage => {
      const place = `${file}, line ${line}`;
      if (label === '') throw wrongPlace(place, 'a label', label);
      if (split === '') return { place, path, label };
      if (!/^[\w-]+$/.test(split) || split === everySplit) {
        throw wrongPlace(place, `a split of letters, digits, _ and - that is not ${everySplit}`, split);
      }
      return { place, path, label, split };
    });
    return buildDataset(dirname(file), images);
  },
};
