/**
 * `npm run soak [-- options]`: serves a gallery in which everything is added, replaced, removed and searched for again and
 * again, and looks whether memory, open files and disk stay what they are. Nothing is left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCatalogue, MedoidError, understandError } from '../src/errors.js';
import { parseSoakOptions, type SoakOptions } from './soak/options.js';
import { isSound, renderSoak } from './soak/render-soak.js';
import { runSoak } from './soak/run-soak.js';

const controller = new AbortController();
const { signal } = controller;
const stop = (): void => {
  if (signal.aborted) process.exit(errorCatalogue.interrupted.exit);
  controller.abort(new MedoidError('interrupted', 'stopped on request'));
};
process.on('SIGINT', stop).on('SIGTERM', stop);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the exit code */
async function run(options: SoakOptions): Promise<number> {
  const temporary = await mkdtemp(join(tmpdir(), 'medoid-soak-'));
  try {
    const soaked = await runSoak(options, { temporary, signal, report: say });
    process.stdout.write(`${options.json ? JSON.stringify(soaked) : renderSoak(soaked)}\n`);
    return isSound(soaked) ? 0 : 1;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await run(parseSoakOptions(process.argv.slice(2)));
} catch (error) {
  const { code, message } = understandError(error);
  say(`soak: ${code}: ${message}`);
  process.exitCode = errorCatalogue[code].exit;
}
