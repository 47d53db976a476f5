import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Makes the page that the server answers: one script, one style sheet, one document. */
export async function buildWeb(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await build({
    entryPoints: [join(source, 'page.ts')],
    outfile: join(target, 'page.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
  for (const file of ['page.html', 'page.css']) await copyFile(join(source, file), join(target, file));
}

const thisFile = fileURLToPath(import.meta.url);

if (process.argv[1] === thisFile) {
  // This file runs as dist/scripts/build-web.js.
  const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  await buildWeb(fromHere('../../src/web/'), fromHere('../web/'));
}
