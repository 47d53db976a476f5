import type { ItemFilter, MedoidClient } from '../client/medoid-client.js';
import { MedoidError } from '../errors.js';
import type { NeighbourQuality } from '../evaluation/evaluate-neighbours.js';
import { createFoundTally } from '../evaluation/found-tally.js';
import type { Agreement } from '../math/agreement.js';
import { type ClassQuality, createClassTally } from '../math/class-tally.js';
import { createRetrievalTally, type RetrievalMetrics } from '../math/retrieval-tally.js';
import { askForNeighbours, type FoundItem, type ItemNeighbours } from './ask-for-neighbours.js';
import { clusterOnServer } from './cluster-on-server.js';
import { type LabelledItems, listLabelled } from './labelled-items.js';

export interface ServerEvaluationOptions {
  readonly collection: string;
  /** Values of K. */
  readonly ks: readonly number[];
  /** Of the clustering. */
  readonly seed: number;
  /** How many of the labels found worst are listed. */
  readonly worst: number;
  /** Only items that it holds for; all that have a label unless given. */
  readonly filter?: ItemFilter | undefined;
  readonly signal: AbortSignal;
  /** Told of items that were listed, then of items that were asked for. */
  readonly onProgress: (stage: 'list' | 'ask', done: number, total: number) => void;
}

/** What `medoid evaluate` measures, of a server. */
export interface ServerQuality extends RetrievalMetrics, Partial<Agreement> {
  readonly modelId: string;
  /** That have a label and pass the filter. */
  readonly items: number;
  readonly classes: number;
  readonly index: NeighbourQuality & { readonly name: string };
  readonly worst: readonly ClassQuality[];
  /** Why there is nothing of a clustering; null where there is. */
  readonly clusteringFailure: string | null;
  /** Items that went while they were measured. */
  readonly gone: number;
}

/** Sums up what is found of each item, by the definitions of `medoid evaluate`. */
class ServerTally {
  private readonly exact;
  private readonly index;
  private readonly found;
  private readonly classes = createClassTally();

  constructor(
    private readonly ks: readonly number[],
    private readonly items: LabelledItems,
  ) {
    this.exact = createRetrievalTally(ks);
    this.index = createRetrievalTally(ks);
    this.found = createFoundTally(ks);
  }

  count({ row, exact, nearest, widest }: ItemNeighbours, relevant: number): void {
    const { items, ks } = this;
    const ranks = this.relevantRanks(row, exact);
    this.exact.countAtKs(ranks);
    this.exact.countAtR(ranks, relevant);
    const label = this.nameOf(row);
    const nearestLabel = exact.length === 0 ? undefined : this.nameOf(exact[0].row);
    this.classes.count({ label, ranks, relevant, nearestLabel });

    // As exact ranks order them: a graph computes in fewer digits. What these do not reach is farther away.
    const exactly = new Map(exact.map((found, i) => [found.row, { ...found, rank: i }]));
    const rankOf = (found: FoundItem): number => exactly.get(found.row)?.rank ?? exact.length;
    const inOrder = (found: readonly FoundItem[]) => [...found].sort((a, b) => rankOf(a) - rankOf(b));
    const ordered = inOrder(nearest);
    this.index.countAtKs(this.relevantRanks(row, ordered));
    this.index.countAtR(this.relevantRanks(row, inOrder(widest)), relevant);
    this.found.count(
      ordered.map(found => exactly.get(found.row)?.distance ?? Number.POSITIVE_INFINITY),
      {
        farthest: ks.map(k => exact[Math.min(k, exact.length) - 1]?.distance ?? 0),
        others: items.ids.length - 1,
      },
    );
  }

  quality({ asked, worst }: { readonly asked: number; readonly worst: number }) {
    const index = {
      name: 'hnsw',
      ...this.index.metrics(asked),
      nearestFoundAt: this.found.shares(),
    };
    return { ...this.exact.metrics(asked), index, worst: this.classes.worst(worst) };
  }

  /** Ranks, from 1, of those that have the label of the row. */
  private relevantRanks(row: number, found: readonly FoundItem[]): number[] {
    const { labels } = this.items;
    return found.flatMap((other, i) => (labels[other.row] === labels[row] ? [i + 1] : []));
  }

  private nameOf(row: number): string {
    return this.items.names[this.items.labels[row]];
  }
}

/** @throws MedoidError `invalid-dataset` */
function requireMeasurable({ ids, names, searched }: LabelledItems, queries: number): void {
  if (names.length >= 2 && queries > 0) return;
  throw new MedoidError(
    'invalid-dataset',
    `expected at least 2 labels, and items that share theirs with another; got ${searched} items, ${ids.length} of ` +
      `them with a label, ${names.length} labels, ${queries} such items`,
  );
}

/**
 * Measures a collection with nothing but the public interface: what searches find of each labelled item, exactly and
 * not, itself left out by its id; and clusters that the server makes. The definitions are those of `medoid evaluate`.
 * @throws MedoidError `invalid-dataset`, `conflict` when the model changes meanwhile, `server-unusable`, `interrupted`;
 *   ProblemError
 */
export async function evaluateServer(
  client: MedoidClient,
  { collection, ks, seed, worst, filter, signal, onProgress }: ServerEvaluationOptions,
): Promise<ServerQuality> {
  const { modelId, items: stored } = await client.getCollection(collection, { signal });
  const listing = { filter, signal, onProgress: (done: number) => onProgress('list', done, stored) };
  const items = await listLabelled(client, collection, listing);
  const relevantTo = (row: number): number => items.sizes[items.labels[row]] - 1;
  const rows = [...items.ids.keys()].filter(row => relevantTo(row) > 0);
  requireMeasurable(items, rows.length);

  const tally = new ServerTally(ks, items);
  const search = { collection, modelId, filter, largestK: Math.max(...ks), relevantTo, signal };
  let [done, gone] = [0, 0];
  for await (const neighbours of askForNeighbours(client, { items, rows }, search)) {
    if (neighbours.exact === undefined) gone++;
    else tally.count(neighbours, relevantTo(neighbours.row));
    onProgress('ask', ++done, rows.length);
  }
  const { agreement, failure } = await clusterOnServer(client, items, { collection, filter, seed, signal });
  return {
    modelId,
    items: items.ids.length,
    classes: items.names.length,
    ...tally.quality({ asked: items.ids.length - gone, worst }),
    ...agreement,
    clusteringFailure: failure,
    gone,
  };
}
