/**
 * `npm run crash [-- options]`: clients write to the program itself, which is killed again and again at any instant; each
 * time all that it acknowledged must be there, and nothing else. Nothing is left behind unless something is wrong.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCatalogue, MedoidError, understandError } from '../src/errors.js';
import { type CrashOptions, parseCrashOptions } from './crash/options.js';
import { renderCrash } from './crash/render-crash.js';
import { runRounds } from './crash/run-rounds.js';

const controller = new AbortController();
const { signal } = controller;
const stop = (): void => {
  if (signal.aborted) process.exit(errorCatalogue.interrupted.exit);
  controller.abort(new MedoidError('interrupted', 'stopped on request'));
};
process.on('SIGINT', stop).on('SIGTERM', stop);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the exit code */
async function run(options: CrashOptions): Promise<number> {
  if (options.gallery !== undefined && existsSync(options.gallery))
    throw new MedoidError('out-exists', `expected no ${options.gallery} yet: it is made, and damaged`);
  const temporary = await mkdtemp(join(tmpdir(), 'medoid-crash-'));
  let isWrong = false;
  try {
    const directory = options.gallery ?? join(temporary, 'gallery');
    const crashed = await runRounds(options, { temporary, directory, signal, report: say });
    isWrong = crashed.wrong.length > 0;
    process.stdout.write(`${options.json ? JSON.stringify(crashed) : renderCrash(crashed)}\n`);
    for (const line of crashed.wrong) say(line);
    if (isWrong)
      say(
        `seed ${options.seed}, round ${crashed.rounds}: look at ${directory} and ${join(temporary, 'victims.log')}`,
      );
    return isWrong ? 1 : 0;
  } finally {
    if (!isWrong) await rm(temporary, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await run(parseCrashOptions(process.argv.slice(2)));
} catch (error) {
  const { code, message } = understandError(error);
  say(`crash: ${code}: ${message}`);
  process.exitCode = errorCatalogue[code].exit;
}
