import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { createRandom } from '../math/random.js';
import { evaluateQueries } from '../math/retrieval-metrics.js';
import { numberLabels, readEmbeddings } from './read-embeddings.js';

const ks = [1, 4, 16];
const mostQueries = 2000;
const seed = 'recall';

/** Recall@K by K. */
export type RecallAt = Readonly<Record<string, number>>;

interface RecallSource {
  readonly catalog: Catalog;
  /** Of one collection. */
  readonly sets: readonly EmbeddingSetRow[];
}

/** Numbers of the labels of the items that have one, and a vector in every set, by item id; as they are at one moment. */
function findLabels({ catalog, sets }: RecallSource): Map<number, number> {
  const [first, ...others] = catalog.transaction(() => sets.map(({ id }) => catalog.sets.listEmbedded(id)));
  const inOthers = others.map(items => new Set(items.map(({ itemId }) => itemId)));
  const labelled = first.filter(
    ({ itemId, label }) => label !== null && inOthers.every(items => items.has(itemId)),
  );
  const numbers = numberLabels(labelled);
  return new Map(labelled.map(({ itemId }, i) => [itemId, numbers[i]]));
}

function countLabels(labels: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Ids of items that are not alone with their label; a seeded choice of them where there are many. */
function chooseQueries(labels: ReadonlyMap<number, number>): Set<number> | undefined {
  const counts = countLabels(labels.values());
  if ([...counts.values()].filter(count => count > 1).length < 2) return undefined;
  const items = [...labels].flatMap(([itemId, label]) => ((counts.get(label) ?? 0) > 1 ? [itemId] : []));
  return new Set(createRandom(seed).shuffle(items).slice(0, mostQueries));
}

/**
 * How often one of the K nearest of an item has its label, by each set of vectors: each against all other labelled
 * items, exactly. The same items are asked with, and compared with, whatever the set; those that go meanwhile are not.
 * @returns one a set; null where fewer than 2 labels have 2 items
 * @throws MedoidError `interrupted`
 */
export async function measureRecall(source: RecallSource, signal: AbortSignal): Promise<(RecallAt | null)[]> {
  const { catalog, sets } = source;
  const labelOf = findLabels(source);
  const asked = chooseQueries(labelOf);
  const measured: (RecallAt | null)[] = [];
  for (const set of sets) {
    measured.push(asked === undefined ? null : await measure({ catalog, set, labelOf, asked }, signal));
  }
  return measured;
}

interface Measurement {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
  /** Of the items that are compared, by item id. */
  readonly labelOf: ReadonlyMap<number, number>;
  /** Ids of the items that are asked with. */
  readonly asked: ReadonlySet<number>;
}

async function measure(
  { catalog, set, labelOf, asked }: Measurement,
  signal: AbortSignal,
): Promise<RecallAt | null> {
  const { items, block } = await readEmbeddings(
    { catalog, set },
    { signal, accept: ({ itemId }) => labelOf.has(itemId) },
  );
  const labels = Int32Array.from(items, ({ itemId }) => labelOf.get(itemId) as number);
  const rows = [...items.keys()];
  const counts = countLabels(labels);
  // Without the others of its label, which may have gone meanwhile, one has nothing to find.
  const queries = rows.filter(row => asked.has(items[row].itemId) && (counts.get(labels[row]) ?? 0) > 1);
  if (queries.length === 0) return null;
  const { recallAt } = await evaluateQueries(block, labels, { ks, queries, gallery: rows, signal });
  return recallAt;
}
