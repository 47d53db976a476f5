import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCsvTable } from '../src/csv-table.js';
import { csvText } from '../src/csv-text.js';

it('quotes what must be quoted, leaves null empty and ends each line in CR LF', () => {
  expect(
    csvText([
      ['a', 'b,c', 'say "x"'],
      [1.5, null, 'two\nlines'],
    ]),
  ).toBe('a,"b,c","say ""x"""\r\n1.5,,"two\nlines"\r\n');
});

it('is read again as it was', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'medoid-csv-'));
  const values = { plain: 'x', 'with, comma': '"q", \r\n1', empty: '' };
  await writeFile(join(folder, 'table.csv'), csvText([Object.keys(values), Object.values(values)]));
  const [record] = await readCsvTable(join(folder, 'table.csv'), []);
  await rm(folder, { recursive: true });
  expect(record.values).toEqual(values);
});
