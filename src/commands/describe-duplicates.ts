import { csvText } from '../csv-text.js';
import { MedoidError } from '../errors.js';
import type { Collection } from '../gallery/collection.js';
import { type DuplicatesFound, duplicateTiers } from '../gallery/duplicates/duplicate-group.js';
import type { ShownGroup, ShownItem } from '../report/render-duplicates.js';
import { formatTable } from './format-table.js';

/** Nothing for an item that has been removed meanwhile. */
function showItem(collection: Collection, id: number): ShownItem | undefined {
  try {
    const { key, label, width, height, bytes } = collection.getItem(id);
    return { id, key, label, width, height, bytes };
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Groups with what is known of their items; those that fell apart meanwhile are left out. */
export const showGroups = (collection: Collection, { groups }: DuplicatesFound): ShownGroup[] =>
  groups.flatMap(group => {
    const representative = showItem(collection, group.representative);
    const items = group.items.flatMap(duplicate => {
      const item = showItem(collection, duplicate.id);
      return item === undefined ? [] : [{ ...item, ...duplicate }];
    });
    return representative === undefined || items.length === 0 ? [] : [{ representative, items }];
  });

export const summariseTiers = ({ tiers }: DuplicatesFound): string =>
  duplicateTiers.map(tier => `${tiers[tier]} ${tier}`).join(', ');

export function describeDuplicates(found: DuplicatesFound, groups: readonly ShownGroup[]): string {
  const summary = `${found.groups.length} groups, ${found.duplicates} duplicates: ${summariseTiers(found)}.`;
  const unreadable = found.unreadable.map(id => `item ${id}: its picture cannot be read`);
  if (groups.length === 0) return [...unreadable, summary].join('\n');
  const rows = groups.flatMap(({ representative, items }) =>
    items.map(({ id, key, tier, distance, hashDistance }) => [
      tier,
      distance.toFixed(4),
      hashDistance === null ? '' : String(hashDistance),
      String(id),
      key,
      representative.key,
      String(representative.id),
    ]),
  );
  const table = formatTable([['tier', 'distance', 'bits', 'id', 'key', 'duplicate of', 'its id'], ...rows]);
  return [...unreadable, table, summary].join('\n');
}

/** A row an item; what stands for a group comes first in it, and has no tier. */
export function duplicatesCsv(groups: readonly ShownGroup[]): string {
  const describe = ({ id, key, label, width, height, bytes }: ShownItem) =>
    [id, key, label, width, height, bytes] as const;
  const rows = groups.flatMap(({ representative, items }) => [
    [representative.id, null, null, null, ...describe(representative)],
    ...items.map(item => [representative.id, item.tier, item.distance, item.hashDistance, ...describe(item)]),
  ]);
  const names = ['representative', 'tier', 'distance', 'hashDistance'];
  return csvText([[...names, 'id', 'key', 'label', 'width', 'height', 'bytes'], ...rows]);
}
