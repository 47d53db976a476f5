import { everyRow, type RankedQuery, type RetrievalRows, visitRanks } from './relevant-ranks.js';
import { createRetrievalTally, type RetrievalMetrics } from './retrieval-tally.js';
import type { VectorBlock } from './vectors.js';

export interface RetrievalOptions {
  /** Values of K. */
  readonly ks: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface QueryOptions extends RetrievalOptions, RetrievalRows {
  /** Told of each query that something can be found by; nobody unless given. */
  readonly onQuery?: ((query: RankedQuery) => void) | undefined;
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
  { ks, queries, gallery, signal, onQuery }: QueryOptions,
): Promise<RetrievalMetrics> {
  const tally = createRetrievalTally(ks);
  const visit = (query: RankedQuery): void => {
    tally.countAtKs(query.ranks);
    tally.countAtR(query.ranks, query.ranks.length);
    onQuery?.(query);
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
