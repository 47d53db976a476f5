import type { NeighbourTable } from '../cluster/neighbour-lists.js';
import { rowOf } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import { findHits, type SearchedVectors } from './find-hits.js';
import type { EmbeddingsOfItems } from './read-embeddings.js';

export interface NeighbourSearch {
  readonly vectors: SearchedVectors;
  readonly width: number;
  /** Whether only the items are looked among, not whatever else is searched. */
  readonly amongThem: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/**
 * The nearest others of each item, of all or among them, as rows of the block: [items, width]. What is found that is not
 * among the items is left out. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 */
export async function findNeighbours(
  { items, block }: EmbeddingsOfItems,
  { vectors, width, amongThem, signal, onProgress }: NeighbourSearch,
): Promise<NeighbourTable> {
  const takeTurn = createTurns(signal);
  const rowOfVector = new Map(items.map(({ vectorId }, row) => [vectorId, row]));
  const allowed = amongThem ? new Set(rowOfVector.keys()) : undefined;
  const neighbours = new Int32Array(items.length * width).fill(-1);
  for (let row = 0; row < items.length; row++) {
    await takeTurn();
    onProgress(row);
    const rows = findHits(vectors, rowOf(block, row), { count: width + 1, allowed })
      .map(({ id }) => rowOfVector.get(id) ?? -1)
      .filter(found => found >= 0 && found !== row);
    neighbours.set(rows.slice(0, width), row * width);
  }
  return { neighbours, width };
}
