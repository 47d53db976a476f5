import { readFile, writeFile } from 'node:fs/promises';
import { renderTables } from './option-tables/render-tables.js';

/** Writes the tables of `docs/training.md` anew from the losses and samplers there are. Run in the root of the package. */
const page = 'docs/training.md';
await writeFile(page, renderTables(await readFile(page, 'utf8')));
