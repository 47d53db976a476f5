import { compileItemFilter } from '../../catalog/compile-item-filter.js';
import type { EmbeddedItem } from '../../catalog/embedding-sets.js';
import { kMeans } from '../../cluster/k-means.js';
import { MedoidError } from '../../errors.js';
import { evaluateEmbeddings } from '../../evaluation/evaluate-embeddings.js';
import { evaluateNeighbours, type NeighbourQuality } from '../../evaluation/evaluate-neighbours.js';
import { inCodePointOrder } from '../../in-code-point-order.js';
import { everyRow } from '../../math/relevant-ranks.js';
import { rowOf, stackVectors } from '../../math/vectors.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import type { JobContext } from '../jobs/job.js';
import { rankHits } from '../rank-hits.js';
import {
  type EmbeddingsOfItems,
  type LabelledEmbeddings,
  numberLabels,
  readLabelled,
} from '../read-embeddings.js';
import { unlessAborted } from '../unless-aborted.js';
import { digestItems } from './digest-items.js';
import type { MeasuredInput } from './evaluation-input.js';
import type { EvaluationResult } from './evaluation-result.js';
import { searchAsServed } from './search-as-served.js';

export interface MeasuredCollection {
  readonly itemsSha256: string;
  readonly result: EvaluationResult;
}

interface Measurement {
  readonly space: EmbeddingSpace;
  readonly input: MeasuredInput;
  readonly worst: number;
}

/** Class after class, as data sets are read: sums, ties and the draws of k-means go by the order of the rows. */
function inOrderOfClasses({ items, block }: EmbeddingsOfItems): LabelledEmbeddings {
  const nameOf = (row: number): string => items[row].label as string;
  const rows = [...items.keys()].sort((a, b) => inCodePointOrder(nameOf(a), nameOf(b)) || a - b);
  const ordered = rows.map(row => items[row]);
  const vectors = rows.map(row => rowOf(block, row));
  return { items: ordered, block: stackVectors(vectors, block.dimension), labels: numberLabels(ordered) };
}

/** To whoever asks for an evaluation, the labels are the state of a collection and no files with a wrong layout. */
function asConflict(error: unknown): never {
  if (!(error instanceof MedoidError) || error.code !== 'invalid-dataset') throw error;
  throw new MedoidError('conflict', error.message, { cause: error });
}

/** What searches of this collection find that are not exact, in its own graph as it is. */
async function measureSearches(
  { items, block, labels }: LabelledEmbeddings,
  { space, input, allowed }: Measurement & { readonly allowed: ReadonlySet<number> | undefined },
  signal: AbortSignal,
): Promise<NeighbourQuality> {
  await unlessAborted(space.indexed(), signal);
  const rowOfVector = new Map(items.map(({ vectorId }, row) => [vectorId, row]));
  const amounts = { candidates: items.length, among: allowed?.size ?? space.exact.size };
  const find = (row: number, count: number): number[] => {
    const [query, exclude] = [rowOf(block, row), new Set([items[row].vectorId])];
    return searchAsServed(
      { count, ...amounts },
      page => rankHits(space, query, { ...page, exclude, allowed }),
      id => rowOfVector.get(id),
    );
  };
  return evaluateNeighbours(block, labels, { ks: input.ks, ...everyRow(block.count), find, signal });
}

/**
 * Evaluates the labelled items of a collection: exactly, each against all others; through the searches that users ask;
 * and a k-means clustering of them against their labels.
 * @throws MedoidError `conflict` when no item could find anything, by the labels there are; `interrupted`
 */
export async function measureCollection(
  measurement: Measurement,
  { catalog, signal, report }: Pick<JobContext, 'catalog' | 'signal' | 'report'>,
): Promise<MeasuredCollection> {
  const { space, input, worst } = measurement;
  const { ks, seed, clusters, filter } = input;
  const allowed = filter === null ? undefined : space.vectorIdsOf(compileItemFilter(filter));
  const accept = ({ vectorId }: EmbeddedItem): boolean => allowed?.has(vectorId) ?? true;
  const stored = await readLabelled({ catalog, set: space.set }, { signal, accept });
  const itemsSha256 = await digestItems(stored.items, signal);
  const embeddings = inOrderOfClasses(stored);
  const { items, block, labels } = embeddings;
  report({ done: 0, total: block.count });
  const names = new Map(items.map(({ label }, row) => [labels[row], label as string]));
  const exact = await evaluateEmbeddings(block, labels, {
    ks,
    seed,
    signal,
    clusterer: (points, options) => kMeans(points, { ...options, clusters: clusters ?? options.clusters }),
    worst: { count: worst, nameOf: label => names.get(label) as string },
  }).catch(asConflict);
  const index = {
    name: 'hnsw',
    ...(await measureSearches(embeddings, { ...measurement, allowed }, signal)),
  };
  report({ done: block.count, total: block.count });
  const { worst: found = [], index: _, ...quality } = exact;
  return { itemsSha256, result: { items: block.count, ...quality, index, worst: [...found] } };
}
