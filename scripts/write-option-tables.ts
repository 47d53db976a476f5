import { readFile, writeFile } from 'node:fs/promises';
import { generatedPages, renderTables } from './option-tables/render-tables.js';

/** Writes the tables of the documentation anew from what there is. Run in the root of the package. */
for (const [page, tables] of Object.entries(generatedPages)) {
  await writeFile(page, renderTables(await readFile(page, 'utf8'), tables));
}
