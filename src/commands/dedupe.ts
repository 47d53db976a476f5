import { z } from 'zod';
import { verdicts } from '../catalog/duplicate-rows.js';
import { MedoidError } from '../errors.js';
import { type RemovalAction, removalActions } from '../gallery/duplicates/apply/removal-plan.js';
import { type DuplicateTier, duplicateTiers } from '../gallery/duplicates/duplicate-group.js';
import { Gallery } from '../gallery/gallery.js';
import { requireReportPath } from '../report/require-report-path.js';
import {
  type ApplyOptions,
  applyDuplicates,
  checkApplyOptions,
  checkApplyPlaces,
} from './apply-duplicates.js';
import { type CommandContext, type CommandResult, defineCommand, nameList, numeric } from './command.js';
import { decideDuplicates } from './decide-duplicates.js';
import { describeDuplicates } from './describe-duplicates.js';
import { type DuplicateQuestion, searchDuplicates } from './search-duplicates.js';
import { undoDuplicates } from './undo-duplicates.js';

/** What is done away with unless other tiers are asked for: `near` is no proof. */
const appliedTiers: Readonly<Record<RemovalAction, readonly DuplicateTier[]>> = {
  move: ['identical', 'same-picture'],
  hardlink: ['identical'],
  delete: ['identical', 'same-picture'],
};

interface Search extends DuplicateQuestion {
  readonly collection: string;
  /** Nothing where it is only told what there is. */
  readonly options: ApplyOptions | undefined;
}

interface Given {
  readonly undo?: string | undefined;
  readonly decide?: string | undefined;
  readonly itemIds?: readonly number[] | undefined;
  readonly apply?: RemovalAction | undefined;
  readonly maxDistance?: number | undefined;
  readonly tiers?: readonly DuplicateTier[] | undefined;
  readonly report?: string | undefined;
  readonly csv?: string | undefined;
}

/** @throws MedoidError `invalid-option` */
function requireOneTask(tasks: Readonly<Record<'undo' | 'decide' | 'apply', string | undefined>>): void {
  const given = Object.entries(tasks).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (given.length < 2) return;
  throw new MedoidError(
    'invalid-option',
    `expected one of --undo, --decide and --apply, got ${given.join(' and ')}`,
  );
}

/** @throws MedoidError `invalid-option` for the first of these that is given */
function requireNone(options: Readonly<Record<string, unknown>>, instead: string): void {
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (given !== undefined) throw new MedoidError('invalid-option', `${given}: expected ${instead} it`);
}

/** What would be passed over in silence. @throws MedoidError `invalid-option` */
function requireUsed(input: Omit<ApplyOptions, 'apply'> & Given): void {
  const { undo, decide, itemIds, apply, dryRun, originals, to, undoFile } = input;
  const decides = decide !== undefined || itemIds !== undefined;
  if (apply === undefined) {
    const applying = { '--originals': originals, '--to': to, '--undo-file': undoFile };
    requireNone({ ...applying, '--no-dry-run': dryRun ? undefined : true }, '--apply with');
  }
  if (apply !== undefined || undo !== undefined) {
    requireNone({ '--item-ids': itemIds }, '--decide with');
  }
  if (undo === undefined && !decides) return;
  const { maxDistance, tiers, report, csv } = input;
  const searching = { '--max-distance': maxDistance, '--tiers': tiers, '--report': report, '--csv': csv };
  requireNone(searching, `no ${decides ? '--decide' : '--undo'} with`);
}

async function searchAndApply(
  gallery: Gallery,
  { collection: name, options, ...question }: Search,
  context: CommandContext,
): Promise<CommandResult> {
  const collection = await gallery.collection(name);
  const { found, groups, files, exitCode } = await searchDuplicates(collection, question, context);
  if (options === undefined) {
    const { imageOf: _, ...rest } = found;
    return { json: { ...rest, groups, ...files }, text: describeDuplicates(found, groups), exitCode };
  }
  const applied = await applyDuplicates(
    options,
    { gallery, collection, found, tiers: question.tiers },
    context,
  );
  return { ...applied, json: { ...applied.json, ...files }, exitCode: Math.max(exitCode, applied.exitCode) };
}

export const dedupe = defineCommand({
  name: 'dedupe',
  summary:
    'Find the images of a gallery that show the same, and which of each group is the best; changes nothing unless it is told to.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    gallery: z.string().min(1).describe('folder of the gallery'),
    collection: z.string().default('default').describe('which collection of the gallery'),
    maxDistance: numeric(z.number().min(0).max(2))
      .optional()
      .describe('up to which distance images are near; measured by the collection unless given'),
    tiers: nameList
      .pipe(z.array(z.enum(duplicateTiers)).min(1))
      .optional()
      .describe(
        'what is looked for, comma-separated: identical bytes, same-picture for what was encoded anew, near ones; ' +
          'all unless given, and with --apply all but near, or for hardlink identical',
      ),
    report: z
      .string()
      .regex(/\.html$/, 'expected a name that ends in .html')
      .optional()
      .describe('HTML file to write the groups to, with thumbnails; replaces one that is there'),
    csv: z
      .string()
      .regex(/\.csv$/, 'expected a name that ends in .csv')
      .optional()
      .describe('CSV file to write the groups to; replaces one that is there'),
    decide: z
      .enum(verdicts)
      .optional()
      .describe(
        'remember of the items of --item-ids that they are the same and shall stay, or that they are not',
      ),
    itemIds: nameList
      .pipe(
        z
          .array(
            z
              .string()
              .regex(/^[1-9]\d{0,14}$/, 'expected ids')
              .transform(Number),
          )
          .min(2),
      )
      .optional()
      .describe('ids of the items to decide of, comma-separated'),
    apply: z
      .enum(removalActions)
      .optional()
      .describe('what to do with all but the best of each group; only tells it without --no-dry-run'),
    dryRun: z.boolean().default(true).describe('only tell what --apply would do; the default'),
    originals: z
      .string()
      .min(1)
      .optional()
      .describe('folder of the files that the keys name: these are moved, linked or deleted, not the items'),
    to: z.string().min(1).optional().describe('where to move: a folder with --originals, else a collection'),
    undoFile: z.string().min(1).optional().describe('new file to write down what is done, before it is'),
    undo: z.string().min(1).optional().describe('undo file: put back what it says was done'),
  }),
  async run({ gallery: directory, ...input }, context): Promise<CommandResult> {
    const { undo, decide, itemIds, apply } = input;
    requireOneTask({ undo, decide, apply });
    requireUsed(input);
    if (undo !== undefined) return undoDuplicates(undo, directory, context);
    if (decide !== undefined || itemIds !== undefined) {
      return decideDuplicates(directory, { ...input, decide, itemIds });
    }
    const tiers = input.tiers ?? (apply === undefined ? duplicateTiers : appliedTiers[apply]);
    const options =
      apply === undefined
        ? undefined
        : { apply, dryRun: input.dryRun, originals: input.originals, to: input.to, undoFile: input.undoFile };
    if (options !== undefined) {
      checkApplyOptions(options, tiers);
      await checkApplyPlaces(options);
    }
    for (const file of [input.report, input.csv]) if (file !== undefined) await requireReportPath(file);
    const changesItems = options !== undefined && !input.dryRun && input.originals === undefined;
    const gallery = await Gallery.open(directory, { access: changesItems ? 'write' : 'read' });
    try {
      return await searchAndApply(gallery, { ...input, directory, tiers, options }, context);
    } finally {
      await gallery.close();
    }
  },
});
