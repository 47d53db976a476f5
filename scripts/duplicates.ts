/**
 * `npm run duplicates -- --data <folder of pictures> [options]`: plants copies among pictures and measures how many of each
 * kind are found, and how many that are found are none. With `--items <n>` the pictures are drawn, one of ten a copy, so that
 * there can be very many. Nothing is left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { formatTable } from '../src/commands/format-table.js';
import { MedoidError, understandError } from '../src/errors.js';
import { duplicateTiers } from '../src/gallery/duplicates/duplicate-group.js';
import { Gallery } from '../src/gallery/gallery.js';
import { type Judgement, judgeGroups } from './duplicates/judge-groups.js';
import { makeLargeGallery } from './duplicates/make-large-gallery.js';
import { type Origins, plantCopies } from './duplicates/plant-copies.js';

const optionsSchema = z.strictObject({
  data: z.string().min(1).optional(),
  items: z.coerce.number().int().min(1).optional(),
  model: z.string().min(1).default('models/demo'),
  copies: z.coerce.number().int().min(1).default(200),
  seed: z.coerce.number().int().min(0).default(0),
  'max-distance': z.coerce.number().min(0).max(2).optional(),
});

const share = (part: number, whole: number): string => (whole === 0 ? '–' : (part / whole).toFixed(3));

function renderJudgement({ kinds, tiers }: Judgement): string {
  const ofKinds = kinds.map(({ kind, planted, found, wrong }) => {
    const all = duplicateTiers.reduce((sum, tier) => sum + found[tier], 0);
    const counts = duplicateTiers.map(tier => String(found[tier]));
    return [kind, String(planted), ...counts, String(wrong), share(all, planted), share(all, all + wrong)];
  });
  const ofTiers = tiers.map(({ tier, members, right }) => [
    tier,
    String(members),
    String(right),
    share(right, members),
  ]);
  return [
    formatTable([['copy', 'planted', ...duplicateTiers, 'wrong', 'recall', 'precision'], ...ofKinds]),
    formatTable([['tier', 'told', 'right', 'precision'], ...ofTiers]),
  ].join('\n\n');
}

type Options = z.output<typeof optionsSchema>;

/** Pictures of a folder with copies planted among them, or so many that are drawn. */
async function fillGallery(
  directory: string,
  { data, items, model, copies, seed }: Options,
): Promise<Origins> {
  if (data === undefined) return makeLargeGallery({ directory, model, items: items ?? 0, seed });
  const gallery = await Gallery.open(directory, { access: 'write', create: true });
  try {
    const collection = await gallery.createCollection('default', model);
    return await plantCopies(collection, { data, copiesOfAKind: copies, seed });
  } finally {
    await gallery.close();
  }
}

const peakMebibytes = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

async function measureSearch(directory: string, origins: Origins, options: Options): Promise<string> {
  const gallery = await Gallery.open(directory, { access: 'write' });
  try {
    const collection = await gallery.collection('default');
    await collection.indexed();
    const before = peakMebibytes();
    const began = performance.now();
    const found = await collection.findDuplicates({
      maxDistance: options['max-distance'],
      tiers: duplicateTiers,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const facts = [
      `${origins.size} items, ${seconds} s, near up to ${found.maxDistance.toFixed(4)}`,
      `peak RSS ${peakMebibytes()} MiB, ${before} MiB before the search`,
    ];
    return [facts.join('; '), renderJudgement(judgeGroups(found, origins))].join('\n\n');
  } finally {
    await gallery.close();
  }
}

async function measure(options: Options): Promise<string> {
  const temporary = await mkdtemp(join(tmpdir(), 'medoid-duplicates-'));
  try {
    const directory = join(temporary, 'gallery');
    return await measureSearch(directory, await fillGallery(directory, options), options);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function parseOptions(): Options {
  const flag = { type: 'string' } as const;
  const options = { data: flag, items: flag, model: flag, copies: flag, seed: flag, 'max-distance': flag };
  const parsed = optionsSchema.safeParse(parseArgs({ options }).values);
  if (parsed.success && (parsed.data.data === undefined) === (parsed.data.items === undefined)) {
    throw new MedoidError('invalid-option', 'expected one of --data and --items');
  }
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
}

try {
  process.stdout.write(`${await measure(parseOptions())}\n`);
} catch (error) {
  const { code, message } = understandError(error);
  process.stderr.write(`medoid duplicates: ${code}: ${message}\n`);
  process.exitCode = 1;
}
