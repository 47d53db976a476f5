import { kMeans } from '../cluster/k-means.js';
import { type Agreement, measureAgreement } from '../math/agreement.js';
import { evaluateRetrieval, type RetrievalMetrics } from '../math/retrieval-metrics.js';
import type { VectorBlock } from '../math/vectors.js';

export interface EvaluationOptions {
  /** Values of K of Recall@K. */
  readonly ks: readonly number[];
  /** Of the clustering. */
  readonly seed: number;
}

export interface EmbeddingQuality extends RetrievalMetrics, Agreement {
  /** Classes, which is also how many clusters were asked for. */
  readonly classes: number;
}

/**
 * The paper's evaluation (Song et al. 2017, section 5), exact: leave-one-out retrieval among all items, and k-means
 * into as many clusters as there are classes, compared with the classes.
 * @param block [items, dimension] @param labels class of each: [items]
 */
export function evaluateEmbeddings(
  block: VectorBlock,
  labels: Int32Array,
  { ks, seed }: EvaluationOptions,
): EmbeddingQuality {
  const classes = new Set(labels).size;
  const { assignment } = kMeans(block, { clusters: classes, seed });
  return { ...evaluateRetrieval(block, labels, ks), ...measureAgreement(assignment, labels), classes };
}
