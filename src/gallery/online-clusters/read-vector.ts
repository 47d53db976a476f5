import type { Catalog } from '../../catalog/catalog.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { checkVector } from '../../vector-index/checks.js';

/** Nothing for an item without one, and for one that is damaged, which whoever searches is told of. */
export function readVector(catalog: Catalog, set: EmbeddingSetRow, itemId: number): Float32Array | undefined {
  try {
    const vector = catalog.sets.findItemEmbedding(set, itemId);
    if (vector !== undefined) checkVector(vector, set.dimension);
    return vector;
  } catch (error) {
    if (error instanceof MedoidError) return undefined;
    throw error;
  }
}
