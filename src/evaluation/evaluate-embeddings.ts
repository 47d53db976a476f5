import type { Clusterer } from '../cluster/clusterer.js';
import { kMeans } from '../cluster/k-means.js';
import { MedoidError } from '../errors.js';
import { type Agreement, measureAgreement } from '../math/agreement.js';
import { type ClassQuality, createClassTally } from '../math/class-tally.js';
import { everyRow, type RankedQuery, type RetrievalRows } from '../math/relevant-ranks.js';
import { evaluateQueries } from '../math/retrieval-metrics.js';
import type { RetrievalMetrics } from '../math/retrieval-tally.js';
import type { VectorBlock } from '../math/vectors.js';
import { evaluateThroughIndex, type IndexQuality, type IndexToMeasure } from './evaluate-through-index.js';

export interface EvaluationOptions {
  /** Values of K of Recall@K. */
  readonly ks: readonly number[];
  /** Of the clustering. */
  readonly seed: number;
  /** k-means unless given. */
  readonly clusterer?: Clusterer;
  /** What is asked and what is searched; every item against all others unless given. */
  readonly rows?: RetrievalRows | undefined;
  /** Measured beside the exact search; none unless given. */
  readonly index?: IndexToMeasure | undefined;
  /** Which classes are found worst; left out unless given. */
  readonly worst?: { readonly count: number; readonly nameOf: (label: number) => string } | undefined;
  readonly signal?: AbortSignal;
}

export interface EmbeddingQuality extends RetrievalMetrics, Agreement {
  /** Classes, which is also how many clusters were asked for. */
  readonly classes: number;
  /** The same retrieval through an index, where one was given. */
  readonly index?: IndexQuality;
  /** Worst first, by the exact search. */
  readonly worst?: readonly ClassQuality[];
}

/**
 * The paper's evaluation (Song et al. 2017, section 5), exact: leave-one-out retrieval among all items, or of queries
 * against a gallery; and a clustering of all items into as many clusters as there are classes, compared with the classes.
 * @param block [items, dimension] @param labels class of each: [items]
 * @throws MedoidError `invalid-dataset` when nothing could be found by any query; `interrupted`;
 *   `invalid-vector` when there is an index and a vector is not of unit length
 */
export async function evaluateEmbeddings(
  block: VectorBlock,
  labels: Int32Array,
  { ks, seed, clusterer = kMeans, rows = everyRow(block.count), index, worst, signal }: EvaluationOptions,
): Promise<EmbeddingQuality> {
  const classes = new Set(labels).size;
  const asked = { ks, signal, ...rows };
  const tally = createClassTally();
  const nameOf = (row: number): string => worst?.nameOf(labels[row]) ?? '';
  const onQuery = ({ row, ranks, nearest }: RankedQuery): void =>
    tally.count({ label: nameOf(row), ranks, relevant: ranks.length, nearestLabel: nameOf(nearest) });
  const retrieval = await evaluateQueries(block, labels, { ...asked, onQuery: worst && onQuery });
  if (retrieval.queries === 0 || classes < 2) {
    throw new MedoidError(
      'invalid-dataset',
      `expected at least 2 classes, and queries that have another image of their class; got ${block.count} images ` +
        `of ${classes} classes, ${retrieval.queries} such queries`,
    );
  }
  const throughIndex = index && { index: await evaluateThroughIndex(block, labels, { ...asked, ...index }) };
  const { assignment } = await clusterer(block, { clusters: classes, seed, ...(signal && { signal }) });
  return {
    ...retrieval,
    ...measureAgreement(assignment, labels),
    classes,
    ...throughIndex,
    ...(worst && { worst: tally.worst(worst.count) }),
  };
}
