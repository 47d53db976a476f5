import { LRUCache } from 'lru-cache';
import type { ItemWhere } from '../catalog/item-where.js';

/** Ids that conditions hold for, of the conditions asked last. */
export interface FilterCache {
  /** What `work` found for the condition, unless something was written since. */
  find(where: ItemWhere, work: () => readonly number[]): ReadonlySet<number>;
}

/** About 50 bytes each. */
const mostIdsKept = 500_000;

/**
 * The same filter is asked for again and again, and finding what it holds for takes a look at every item.
 * @param stamp changes with every item and vector that is written
 */
export function createFilterCache(stamp: () => string): FilterCache {
  const found = new LRUCache<string, ReadonlySet<number>>({
    maxSize: mostIdsKept,
    sizeCalculation: ids => ids.size + 1,
  });
  let taken = '';
  return {
    find({ sql, parameters }, work) {
      const now = stamp();
      if (now !== taken) found.clear();
      taken = now;
      const key = JSON.stringify([sql, parameters]);
      const known = found.get(key);
      if (known !== undefined) return known;
      const ids = new Set(work());
      found.set(key, ids);
      return ids;
    },
  };
}
