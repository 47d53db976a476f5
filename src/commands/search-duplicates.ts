import { basename } from 'node:path';
import { replaceFile } from '../durable-file.js';
import type { Collection } from '../gallery/collection.js';
import type { DuplicatesFound, DuplicateTier } from '../gallery/duplicates/duplicate-group.js';
import { renderDuplicates, type ShownGroup } from '../report/render-duplicates.js';
import type { CommandContext } from './command.js';
import { duplicatesCsv, showGroups, summariseTiers } from './describe-duplicates.js';
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

export interface DuplicateQuestion {
  /** Of the gallery. */
  readonly directory: string;
  readonly maxDistance?: number | undefined;
  readonly tiers: readonly DuplicateTier[];
  /** Where to write the groups to. */
  readonly report?: string | undefined;
  readonly csv?: string | undefined;
}

/** Finds duplicates and writes what is to be written of them. */
export async function searchDuplicates(
  collection: Collection,
  { directory, maxDistance, tiers, report: path, csv }: DuplicateQuestion,
  { signal, report: tell }: CommandContext,
) {
  const found = await search(collection, { maxDistance, tiers, signal });
  const groups = showGroups(collection, found);
  if (csv !== undefined) await replaceFile(csv, duplicatesCsv(groups));
  const write = (to: string) => writeReport(to, { gallery: directory, collection, found, groups, signal });
  const report =
    path === undefined ? null : await tryReport(() => write(path), { rest: 'the answer is complete', tell });
  const isWhole = found.unreadable.length === 0 && (path === undefined || report !== null);
  return { found, groups, files: { report, csv: csv ?? null }, exitCode: isWhole ? 0 : 1 };
}
