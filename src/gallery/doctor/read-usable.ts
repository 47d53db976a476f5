import type { Catalog } from '../../catalog/catalog.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { checkVector } from '../../vector-index/checks.js';

/** Reads a vector of a set [dimension]; nothing when it is gone, or when no index can hold it. */
export function readUsable(
  catalog: Catalog,
  set: EmbeddingSetRow,
  vectorId: number,
): Float32Array | undefined {
  try {
    const vector = catalog.sets.findEmbedding(vectorId, set.dimension);
    if (vector !== undefined) checkVector(vector, set.dimension);
    return vector;
  } catch (error) {
    if (error instanceof MedoidError) return undefined;
    throw error;
  }
}
