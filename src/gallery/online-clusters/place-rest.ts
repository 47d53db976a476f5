import type { Catalog } from '../../catalog/catalog.js';
import type { OpenedCollection } from '../open-collections.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { readVector } from './read-vector.js';

/** So many join in one transaction: others that write wait for no more. */
const itemsAtOnce = 200;

/**
 * Has the items that are in no cluster join some, in the order they were added in.
 * @returns how many
 * @throws MedoidError `interrupted`; what has joined by then stays
 */
export async function placeRest(
  opened: OpenedCollection,
  { catalog, signal }: { readonly catalog: Catalog; readonly signal: AbortSignal },
  onPlaced: (items: number) => void,
): Promise<number> {
  let placed = 0;
  for (let afterId = 0; ; ) {
    stopIfAborted(signal);
    const page = await opened.writer.exclusively(async ({ set }) =>
      opened.clusters.transaction(() => {
        const items = catalog.clusterings.members.listUnplaced(opened.id, { afterId, limit: itemsAtOnce });
        for (const { id, imageSha256 } of items) {
          // One without a vector joins once the doctor has made it one.
          const embedding = readVector(catalog, set, id);
          if (embedding === undefined) continue;
          opened.clusters.place({ itemId: id, imageSha256, embedding }, set);
          placed++;
        }
        return items;
      }),
    );
    onPlaced(placed);
    if (page.length < itemsAtOnce) return placed;
    afterId = page[page.length - 1].id;
  }
}
