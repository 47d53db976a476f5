import type { NeighbourTable } from '../cluster/neighbour-lists.js';
import type { EmbeddingSpace } from './embedding-space.js';
import { findNeighbours } from './find-neighbours.js';
import type { EmbeddingsOfItems } from './read-embeddings.js';

/** More lead nowhere new in two steps, and take longer to find. */
const neighbourCount = 16;
const reportEvery = 100;

/**
 * Neighbours of each item for facility location, that the graph finds, or of few of many a comparison with all of those.
 * @throws MedoidError `interrupted`
 */
export async function lookAround(
  embeddings: EmbeddingsOfItems,
  space: EmbeddingSpace,
  search: {
    /** Whether only the items are looked among, not whatever else is searched. */
    readonly amongThem: boolean;
    readonly signal: AbortSignal;
    /** Told which part of the work is done, 0..1. */
    readonly onProgress?: (share: number) => void;
  },
): Promise<NeighbourTable> {
  const { length } = embeddings.items;
  return findNeighbours(embeddings, {
    ...search,
    vectors: { exact: space.exact, graph: await space.indexed() },
    width: neighbourCount,
    onProgress: done => {
      if (done % reportEvery === 0) search.onProgress?.(done / length);
    },
  });
}
