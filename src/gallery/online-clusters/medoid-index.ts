import type { Catalog } from '../../catalog/catalog.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { ExactIndex } from '../../vector-index/exact.js';
import { readVector } from './read-vector.js';

/** The medoids of a collection in memory, by the ids of their facilities. */
export function loadMedoids(
  catalog: Catalog,
  set: EmbeddingSetRow,
  facilities: readonly { readonly id: number; readonly itemId: number }[],
): ExactIndex {
  const index = new ExactIndex(set.dimension);
  index.add(
    facilities.flatMap(({ id, itemId }) => {
      const vector = readVector(catalog, set, itemId);
      return vector === undefined ? [] : [{ id, vector }];
    }),
  );
  return index;
}
