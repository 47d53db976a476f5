/**
 * `npm run general-model -- --data <folder of sets> --teacher <model directory> [--work <folder>]`: trains `models/general`
 * as its card says and measures it beside what it is to be compared with. Hours; what is there already is not done
 * again, and a training that was stopped goes on, so that the same command continues.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { formatTable } from '../src/commands/format-table.js';
import { replaceFile } from '../src/durable-file.js';
import { loadModel } from '../src/embed/manifest.js';
import { MedoidError, understandError } from '../src/errors.js';
import { readTextFile } from '../src/text-file.js';
import { type Measure, prepareMeasures } from './general-model/measures.js';
import { writeTrainingPictures } from './general-model/training-pictures.js';
import { type Training, trainings, untrained } from './general-model/trainings.js';

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs a command line of Medoid. @returns what it prints on stdout @throws MedoidError where it fails */
async function medoid(...args: string[]): Promise<string> {
  tell(`\n$ medoid ${args.join(' ')}`);
  const cli = resolve(import.meta.dirname, '../src/cli.js');
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed, exitCode] = await Promise.all([
    text(child.stdout),
    new Promise(done => child.on('close', done)),
  ]);
  if (exitCode !== 0) throw new Error(`medoid ${args[0]} ended with ${exitCode}`);
  return printed;
}

/** @param shared options of each training @param places what stands for `{work}` and `{teacher}` */
async function train(
  { name, options }: Training,
  shared: readonly string[],
  { work, teacher }: { readonly work: string; readonly teacher: string },
): Promise<void> {
  const out = join(work, name);
  if (existsSync(join(out, 'manifest.json'))) return;
  const isStopped = existsSync(join(`${out}.training`, 'checkpoint.safetensors'));
  const placed = options.map(option => option.replace('{work}', work).replace('{teacher}', teacher));
  await medoid('train', '--out', out, ...shared, ...placed, ...(isStopped ? ['--resume'] : []));
}

interface Measured {
  readonly what: string;
  readonly quality: {
    readonly recallAt: Record<string, number>;
    readonly mapAtR: number;
    readonly nmi: { readonly geometric: number };
    readonly f1: number;
  };
}

/** One row a model: Recall@1, 2, 4, 8, MAP@R, NMI, F1. */
function render(set: string, measured: readonly Measured[]): string {
  const heading = [set, 'R@1', 'R@2', 'R@4', 'R@8', 'MAP@R', 'NMI', 'F1'];
  const rows = measured.map(({ what, quality: { recallAt, mapAtR, nmi, f1 } }) => [
    what,
    ...[...Object.values(recallAt), mapAtR, nmi.geometric, f1].map(value => value.toFixed(4)),
  ]);
  return formatTable([heading, ...rows]);
}

/** So that what was measured of other weights is not taken for these. */
async function versionOf([option, value]: readonly string[]): Promise<string> {
  if (option !== '--model') return '';
  const { weights } = (await loadModel(value)).manifest;
  return ` ${weights.sha256.slice(0, 8)}`;
}

/** Measures each of the candidates on each of the sets; a measure that is kept is not taken again. */
async function measureAll(
  candidates: Readonly<Record<string, readonly string[]>>,
  measures: readonly Measure[],
  work: string,
): Promise<void> {
  const folder = join(work, 'measured');
  const versions = new Map<string, string>();
  for (const [what, asked] of Object.entries(candidates)) versions.set(what, await versionOf(asked));
  await mkdir(folder, { recursive: true });
  for (const { name: set, options } of measures) {
    const measured: Measured[] = [];
    for (const [what, asked] of Object.entries(candidates)) {
      const kept = join(folder, `${set} ${what}${versions.get(what)}.json`);
      if (!existsSync(kept))
        await replaceFile(kept, await medoid('evaluate', ...options, ...asked, '--json'));
      measured.push({ what, quality: JSON.parse(await readTextFile(kept)) });
    }
    process.stdout.write(`\n${render(set, measured)}\n`);
  }
}

const usage = `Usage: npm run general-model -- --data <folder> --teacher <folder> [--work <folder>]

Trains models/general as its card says, and measures it beside what it is to be compared with. Hours; what is there
already is not done again, and a training that was stopped goes on.

Options:
  --data <folder>     of the sets: tiny-imagenet, caltech101, cub-200-2011, grocery and omniglot, each a folder in it
  --teacher <folder>  model directory of the network that is imitated
  --work <folder>     for pictures, trainings and figures (default: general-model)
  --help              print this
`;

async function run(): Promise<void> {
  const given = parseArgs({
    options: {
      data: { type: 'string' },
      teacher: { type: 'string' },
      work: { type: 'string', default: 'general-model' },
      help: { type: 'boolean', default: false },
    },
  }).values;
  const { data, teacher, work, help } = given;
  if (help) {
    process.stdout.write(usage);
    return;
  }
  if (data === undefined || teacher === undefined) {
    throw new MedoidError(
      'invalid-option',
      'expected --data, the folder of the sets, and --teacher, a model directory',
    );
  }
  tell(`${cpus().length} cores: ${cpus()[0]?.model}`);
  const pictures = join(work, 'pictures');
  const list = join(pictures, 'list.csv');
  if (!existsSync(list)) await writeTrainingPictures(data, { folder: pictures, tell });
  const shared = [
    ...['--dataset', 'csv', '--data', list, '--feature-cache', join(work, 'features'), '--skip-report'],
  ];
  for (const training of [...trainings, untrained]) await train(training, shared, { work, teacher });
  const candidates = {
    'colour histogram': ['--baseline', 'colour-histogram'],
    'perceptual hash': ['--baseline', 'perceptual-hash'],
    'the same network, untrained': ['--model', join(work, 'untrained')],
    'teacher (ImageNet)': ['--model', teacher],
    general: ['--model', join(work, 'general')],
  };
  await measureAll(candidates, await prepareMeasures(data, work), work);
}

try {
  await run();
} catch (error) {
  const { code, message } = understandError(error);
  process.stderr.write(`medoid general-model: ${code}: ${message}\n`);
  process.exitCode = 1;
}
