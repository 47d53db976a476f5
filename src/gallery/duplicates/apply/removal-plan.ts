import type { Collection } from '../../collection.js';
import type { Item } from '../../item.js';
import type { DuplicatesFound, DuplicateTier } from '../duplicate-group.js';

export const removalActions = ['move', 'hardlink', 'delete'] as const;
export type RemovalAction = (typeof removalActions)[number];

/** An item that is to go, and what stays in its place. */
export interface Removal {
  readonly goes: Item;
  readonly stays: Item;
  readonly tier: DuplicateTier;
}

/**
 * What of the duplicates that were found can go: each once, and nothing that stands for a group or that was decided to be
 * kept. An item that is gone or has got another picture since it was compared is left out, with its group if it stands for one.
 */
export function planRemovals(
  collection: Collection,
  { groups, imageOf }: DuplicatesFound,
  tiers: readonly DuplicateTier[],
): Removal[] {
  const standing = new Set(groups.map(({ representative }) => representative));
  const planned = new Set<number>();
  return groups.flatMap(({ representative, items }) => {
    const stays = findUnchanged(collection, representative, imageOf);
    if (stays === undefined) return [];
    const kept = collection.duplicates.settledAmong(items.map(({ id }) => id));
    return items.flatMap(({ id, tier }): Removal[] => {
      const isFree = tiers.includes(tier) && !standing.has(id) && !planned.has(id) && !kept.isKept(id);
      const goes = isFree ? findUnchanged(collection, id, imageOf) : undefined;
      if (goes === undefined) return [];
      planned.add(id);
      return [{ goes, stays, tier }];
    });
  });
}

function findUnchanged(
  collection: Collection,
  id: number,
  imageOf: ReadonlyMap<number, string>,
): Item | undefined {
  const item = collection.findItem(id);
  return item?.imageSha256 === imageOf.get(id) ? item : undefined;
}
