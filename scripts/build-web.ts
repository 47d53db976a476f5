import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Makes the pages that the server answers: each one script, one style sheet, one document; and what draws the interface. */
export async function buildWeb(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await build({
    entryPoints: ['page.ts', 'docs.ts'].map(file => join(source, file)),
    outdir: target,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
  const files = ['page.html', 'page.css', 'docs.html', 'docs.css'];
  for (const file of files) await copyFile(join(source, file), join(target, file));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    await copyFile(join(swaggerUi, file), join(target, file));
  }
}

const thisFile = fileURLToPath(import.meta.url);

if (process.argv[1] === thisFile) {
  // This file runs as dist/scripts/build-web.js.
  const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  await buildWeb(fromHere('../../src/web/'), fromHere('../web/'));
}
