/**
 * `npm run duplicates -- --data <folder of pictures> [options]`: plants copies among pictures and measures how many of each
 * kind are found, and how many that are found are none. Nothing is left behind.
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
import { plantCopies } from './duplicates/plant-copies.js';

const optionsSchema = z.strictObject({
  data: z.string().min(1),
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

async function measure(options: z.output<typeof optionsSchema>): Promise<string> {
  const temporary = await mkdtemp(join(tmpdir(), 'medoid-duplicates-'));
  try {
    const gallery = await Gallery.open(join(temporary, 'gallery'), { access: 'write', create: true });
    try {
      const collection = await gallery.createCollection('default', options.model);
      const origins = await plantCopies(collection, {
        data: options.data,
        copiesOfAKind: options.copies,
        seed: options.seed,
      });
      await collection.indexed();
      const began = performance.now();
      const found = await collection.findDuplicates({
        maxDistance: options['max-distance'],
        tiers: duplicateTiers,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const facts = `${origins.size} items, ${seconds} s, near up to ${found.maxDistance.toFixed(4)}`;
      return [facts, renderJudgement(judgeGroups(found, origins))].join('\n\n');
    } finally {
      await gallery.close();
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function parseOptions(): z.output<typeof optionsSchema> {
  const flag = { type: 'string' } as const;
  const options = { data: flag, model: flag, copies: flag, seed: flag, 'max-distance': flag };
  const parsed = optionsSchema.safeParse(parseArgs({ options }).values);
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
