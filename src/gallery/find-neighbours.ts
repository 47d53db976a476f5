import type { NeighbourTable } from '../cluster/neighbour-lists.js';
import { rowOf } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import type { EmbeddingsOfItems } from './read-embeddings.js';

/**
 * The nearest others of each item that the index finds, as rows of the block: [items, width]. What it finds that is not
 * among the items is left out. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 */
export async function findNeighbours(
  { items, block }: EmbeddingsOfItems,
  {
    index,
    width,
    signal,
    onProgress,
  }: {
    readonly index: VectorIndex;
    readonly width: number;
    readonly signal: AbortSignal;
    readonly onProgress: (done: number) => void;
  },
): Promise<NeighbourTable> {
  const takeTurn = createTurns(signal);
  const rowOfVector = new Map(items.map(({ vectorId }, row) => [vectorId, row]));
  const neighbours = new Int32Array(items.length * width).fill(-1);
  for (let row = 0; row < items.length; row++) {
    await takeTurn();
    onProgress(row);
    const rows = index
      .search(rowOf(block, row), width + 1)
      .map(({ id }) => rowOfVector.get(id) ?? -1)
      .filter(found => found >= 0 && found !== row);
    neighbours.set(rows.slice(0, width), row * width);
  }
  return { neighbours, width };
}
