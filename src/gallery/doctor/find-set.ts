import type { Catalog } from '../../catalog/catalog.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';

/** Nothing for a set that is gone, and for one whose row is odd, which is told by the check of the rows. */
export function findSet(catalog: Catalog, id: number): EmbeddingSetRow | undefined {
  try {
    return catalog.sets.find(id);
  } catch (error) {
    if (error instanceof MedoidError) return undefined;
    throw error;
  }
}
