import { createRandom } from '../math/random.js';
import type { TakeTurn } from '../take-turns.js';
import type { ExactIndex } from '../vector-index/exact.js';
import type { VectorIndex } from '../vector-index/vector-index.js';

export interface RecallProbe {
  /** The index to measure. */
  readonly graph: VectorIndex;
  /** The same vectors, compared one by one. */
  readonly exact: ExactIndex;
  /** Neighbours of each vector; 10 unless given. */
  readonly k?: number;
  /** Vectors asked for their neighbours at most; 50 unless given. */
  readonly samples?: number;
  readonly seed: number | string;
  readonly takeTurn: TakeTurn;
}

/**
 * The share of the `k` nearest neighbours of stored vectors, themselves left out, that the graph finds: 0..1. One that
 * it finds counts if it is not farther away than the k-th nearest is, so of equally near ones any will do. Vectors
 * that are removed meanwhile are passed over.
 * @returns nothing when no vector has a neighbour
 * @throws MedoidError what `takeTurn` throws
 */
export async function probeRecall(probe: RecallProbe): Promise<number | undefined> {
  const { graph, exact, k = 10, samples = 50, seed, takeTurn } = probe;
  const ids = [...Float64Array.from(graph.ids()).sort()];
  let found = 0;
  let wanted = 0;
  for (const id of createRandom(`${seed}/probe-recall`).shuffle(ids).slice(0, samples)) {
    await takeTurn();
    if (!exact.has(id) || !graph.has(id)) continue;
    const query = exact.vector(id);
    // One more than is wanted, because the vector itself may be among them.
    const nearest = exact.search(query, k + 1).filter(hit => hit.id !== id);
    const truth = nearest.slice(0, k);
    if (truth.length === 0) continue;
    const answered = graph.search(query, k + 1).filter(hit => hit.id !== id);
    // Measured anew, because a graph may compute in lower precision.
    const hits = exact.searchAmong(
      query,
      k,
      answered.slice(0, k).map(hit => hit.id),
    );
    const farthest = truth[truth.length - 1].distance;
    found += hits.filter(({ distance }) => distance <= farthest).length;
    wanted += truth.length;
  }
  return wanted === 0 ? undefined : found / wanted;
}
