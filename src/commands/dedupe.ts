import { basename } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../durable-file.js';
import type { Collection } from '../gallery/collection.js';
import { type DuplicatesFound, duplicateTiers } from '../gallery/duplicates/duplicate-group.js';
import { Gallery } from '../gallery/gallery.js';
import { renderDuplicates, type ShownGroup } from '../report/render-duplicates.js';
import { requireReportPath } from '../report/require-report-path.js';
import { type CommandResult, defineCommand, nameList, numeric } from './command.js';
import { describeDuplicates, duplicatesCsv, showGroups, summariseTiers } from './describe-duplicates.js';
import { createProgress } from './progress.js';
import { tryReport } from './try-report.js';

async function search(
  collection: Collection,
  asked: Pick<Parameters<Collection['findDuplicates']>[0], 'maxDistance' | 'tiers' | 'signal'>,
): Promise<DuplicatesFound> {
  const progress = createProgress('compare', collection.size, 'items');
  return collection
    .findDuplicates({ ...asked, onProgress: ({ done }) => progress.update(done) })
    .finally(progress.close);
}

interface Found {
  readonly gallery: string;
  readonly collection: Collection;
  readonly found: DuplicatesFound;
  readonly groups: readonly ShownGroup[];
  readonly signal: AbortSignal;
}

async function writeReport(
  path: string,
  { gallery, collection, found, groups, signal }: Found,
): Promise<string> {
  const { name, modelId, size } = collection;
  const page = await renderDuplicates(
    {
      title: `Duplicates in ${name} of ${basename(gallery)}`,
      facts: [
        ['items', String(size)],
        ['model', modelId],
        ['groups', String(found.groups.length)],
        ['duplicates', `${found.duplicates}: ${summariseTiers(found)}`],
        ['near up to a distance of', found.maxDistance.toFixed(4)],
        ['pictures that cannot be read', String(found.unreadable.length)],
      ],
      groups,
      unreadable: new Set(found.unreadable),
      thumbnail: (id, side) => collection.renderImage(id, { format: 'jpeg', side }, signal),
    },
    { signal },
  );
  await replaceFile(path, page);
  return path;
}

export const dedupe = defineCommand({
  name: 'dedupe',
  summary:
    'Find the images of a gallery that show the same, and which of each group is the best. Changes nothing.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    gallery: z.string().min(1).describe('folder of the gallery'),
    collection: z.string().default('default').describe('which collection of the gallery'),
    maxDistance: numeric(z.number().min(0).max(2))
      .optional()
      .describe('up to which distance images are near; measured by the collection unless given'),
    tiers: nameList
      .pipe(z.array(z.enum(duplicateTiers)).min(1))
      .default([...duplicateTiers])
      .describe(
        'what is looked for, comma-separated: identical bytes, the same picture encoded anew, near ones',
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
  }),
  async run({ gallery: directory, report: path, csv, ...input }, context): Promise<CommandResult> {
    const { signal } = context;
    for (const file of [path, csv]) if (file !== undefined) await requireReportPath(file);
    const gallery = await Gallery.open(directory, { access: 'read' });
    try {
      const collection = await gallery.collection(input.collection);
      const found = await search(collection, { maxDistance: input.maxDistance, tiers: input.tiers, signal });
      const groups = showGroups(collection, found);
      const { imageOf: _, ...rest } = found;
      if (csv !== undefined) await replaceFile(csv, duplicatesCsv(groups));
      const write = (to: string) =>
        writeReport(to, { gallery: directory, collection, found, groups, signal });
      const report =
        path === undefined
          ? null
          : await tryReport(() => write(path), { rest: 'the answer is complete', tell: context.report });
      const isWhole = found.unreadable.length === 0 && (path === undefined || report !== null);
      return {
        json: { ...rest, groups, report, csv: csv ?? null },
        text: describeDuplicates(found, groups),
        exitCode: isWhole ? 0 : 1,
      };
    } finally {
      await gallery.close();
    }
  },
});
