/**
 * `npm run load [-- options] [-- measurement…]`: makes a gallery, serves it by the program itself on this machine and
 * measures how it answers: how many a second, and how long the slowest wait. Nothing is left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCatalogue, MedoidError, understandError } from '../src/errors.js';
import { measureLoad } from './load/measure-load.js';
import { type LoadOptions, parseLoadOptions } from './load/options.js';
import { renderLoad } from './load/render-load.js';

const controller = new AbortController();
const { signal } = controller;
const stop = (): void => {
  if (signal.aborted) process.exit(errorCatalogue.interrupted.exit);
  controller.abort(new MedoidError('interrupted', 'stopped on request'));
};
process.on('SIGINT', stop).on('SIGTERM', stop);

/** @returns the exit code */
async function run(options: LoadOptions): Promise<number> {
  const temporary = await mkdtemp(join(tmpdir(), 'medoid-load-'));
  try {
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const measured = await measureLoad(options, { temporary, signal, report });
    process.stdout.write(`${options.json ? JSON.stringify(measured) : renderLoad(measured)}\n`);
    return measured.errors === 0 ? 0 : 1;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await run(parseLoadOptions(process.argv.slice(2)));
} catch (error) {
  const { code, message } = understandError(error);
  process.stderr.write(`load: ${code}: ${message}\n`);
  process.exitCode = errorCatalogue[code].exit;
}
