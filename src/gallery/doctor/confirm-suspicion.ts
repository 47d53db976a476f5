import type { Catalog } from '../../catalog/catalog.js';

/** One that holds so often while others write is no chance. */
const mostRounds = 100;

/**
 * Whether a suspicion about the catalog and a file holds at one and the same moment: it is looked at again until nobody
 * has written in between. So what changes meanwhile is never taken for damage.
 */
export async function confirmSuspicion(
  catalog: Pick<Catalog, 'dataVersion'>,
  holds: () => Promise<boolean>,
): Promise<boolean> {
  for (let round = 0; round < mostRounds; round++) {
    const version = catalog.dataVersion();
    if (!(await holds())) return false;
    if (catalog.dataVersion() === version) return true;
  }
  return true;
}
