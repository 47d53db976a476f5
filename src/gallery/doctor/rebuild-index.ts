import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HnswIndex } from '../../vector-index/hnsw.js';
import { indexPath } from '../index-files.js';
import type { MendedGallery } from './check.js';
import { findSet } from './find-set.js';
import { readUsable } from './read-usable.js';

/**
 * Builds the index of a set from the catalog, in turns, and puts it in the place of what is there; vectors that cannot
 * be searched are left out.
 * @throws MedoidError `interrupted`: what was there stays; `invalid-index` when it cannot be written
 */
export async function rebuildIndex(
  { directory, catalog, takeTurn }: MendedGallery,
  setId: number,
): Promise<void> {
  const set = findSet(catalog, setId);
  if (set === undefined) return;
  const index = new HnswIndex(set.dimension);
  for (const id of catalog.sets.eachVectorId(setId)) {
    await takeTurn();
    const vector = readUsable(catalog, set, id);
    if (vector !== undefined) index.add([{ id, vector }]);
  }
  await mkdir(join(directory, 'index'), { recursive: true });
  await index.save(indexPath(join(directory, 'index'), setId), set.modelId);
}
