import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** The nearest `package.json` above: the program runs from `dist/`, its tests from the sources. */
function findPackageFile(): URL {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder);
    if (existsSync(file) || folder.pathname === '/') return file;
  }
}

/** Of this program. */
export const version = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(findPackageFile(), 'utf8'))).version;
