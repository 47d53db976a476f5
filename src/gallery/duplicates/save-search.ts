import type { Catalog } from '../../catalog/catalog.js';
import type { GroupMember } from '../../catalog/duplicate-rows.js';
import { createTurns } from '../../take-turns.js';
import { inBatches } from '../../work-ahead.js';
import type { DuplicateGroup, DuplicatesFound, DuplicateTier } from './duplicate-group.js';

export interface FinishedSearch {
  readonly collectionId: number;
  readonly modelId: string;
  readonly tiers: readonly DuplicateTier[];
  readonly found: DuplicatesFound;
}

const groupsAtOnce = 200;

function membersOf({ representative, items }: DuplicateGroup, { imageOf }: DuplicatesFound): GroupMember[] {
  const imageSha256 = (id: number): string => imageOf.get(id) as string;
  return [
    {
      itemId: representative,
      imageSha256: imageSha256(representative),
      tier: null,
      distance: 0,
      hashDistance: 0,
    },
    ...items.map(({ id, ...rest }) => ({ itemId: id, imageSha256: imageSha256(id), ...rest })),
  ];
}

/**
 * Writes what was found, a part at a time, in the place of what was found before: that is read until all of it is there.
 * @throws MedoidError `interrupted`: then what was written is removed by the next search
 */
export async function saveSearch(
  { duplicates }: Pick<Catalog, 'duplicates'>,
  { collectionId, modelId, tiers, found }: FinishedSearch,
  signal: AbortSignal,
): Promise<void> {
  const takeTurn = createTurns(signal);
  const id = duplicates.begin({ collectionId, modelId, tiers, maxDistance: found.maxDistance });
  for (const groups of inBatches(found.groups, groupsAtOnce)) {
    await takeTurn();
    duplicates.addGroups(
      id,
      groups.map(group => membersOf(group, found)),
    );
  }
  duplicates.finish(id);
  while (duplicates.removeOthers(collectionId, id)) await takeTurn();
}
