import type { Catalog } from '../../catalog/catalog.js';
import { compileItemFilter } from '../../catalog/compile-item-filter.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import type { ItemSelection } from './clustering-input.js';

export interface SelectionSource {
  readonly catalog: Catalog;
  readonly collectionId: number;
  /** The one that is searched: who is in it, is there. */
  readonly set: EmbeddingSetRow;
}

/** Of those that are named in a message. */
const mostNamed = 10;

/** @throws MedoidError `not-found` naming them */
function requireThere(itemIds: readonly number[], { catalog, collectionId, set }: SelectionSource): void {
  const unknown = itemIds.filter(
    id =>
      catalog.sets.findVectorId(set.id, id) === undefined && catalog.findItem(collectionId, id) === undefined,
  );
  if (unknown.length === 0) return;
  const more = unknown.length > mostNamed ? ` and ${unknown.length - mostNamed} more` : '';
  throw new MedoidError(
    'not-found',
    `the collection has no item ${unknown.slice(0, mostNamed).join(', ')}${more}`,
    { field: 'itemIds' },
  );
}

/**
 * Ids of the items that are asked for, each once and ascending; nothing where all are.
 * @throws MedoidError `not-found` for ids that there are no items of
 */
export function selectItems(
  { filter, itemIds }: ItemSelection,
  source: SelectionSource,
): readonly number[] | undefined {
  if (filter !== undefined)
    return source.catalog.itemIdsWhere(source.collectionId, compileItemFilter(filter));
  if (itemIds === undefined) return undefined;
  requireThere(itemIds, source);
  return [...new Set(itemIds)].sort((a, b) => a - b);
}
