import { everyRow, type RetrievalRows, visitRanks } from './relevant-ranks.js';
import { createRetrievalTally, type RetrievalMetrics } from './retrieval-tally.js';
import type { VectorBlock } from './vectors.js';

export interface RetrievalOptions {
  /** Values of K. */
  readonly ks: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Queries against a gallery. A query that is in the gallery itself is left out by identity, not by rank. Exact. Other
 * work has its turns meanwhile.
 * @throws MedoidError `interrupted` once the signal is aborted
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function evaluateQueries(
  block: VectorBlock,
  labels: ArrayLike<number>,
  { ks, queries, gallery, signal }: RetrievalOptions & RetrievalRows,
): Promise<RetrievalMetrics> {
  const tally = createRetrievalTally(ks);
  const visit = (ranks: Int32Array): void => {
    tally.countAtKs(ranks);
    tally.countAtR(ranks, ranks.length);
  };
  await visitRanks(block, labels, { queries, gallery, signal, visit });
  return tally.metrics(queries.length);
}

/**
 * Leave-one-out retrieval: every item is a query against all others. As `evaluateQueries`.
 * @param block [count, dimension] @param labels class of each: [count]
 */
export function evaluateRetrieval(
  block: VectorBlock,
  labels: ArrayLike<number>,
  options: RetrievalOptions,
): Promise<RetrievalMetrics> {
  return evaluateQueries(block, labels, { ...options, ...everyRow(block.count) });
}
