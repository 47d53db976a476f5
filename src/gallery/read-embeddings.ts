import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddedItem } from '../catalog/embedding-sets.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { stackVectors, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';

export interface EmbeddingsOfItems {
  /** By ascending id. */
  readonly items: readonly EmbeddedItem[];
  /** A row an item: [items, dimension]. */
  readonly block: VectorBlock;
}

export interface LabelledEmbeddings extends EmbeddingsOfItems {
  /** Number of each item's label: [items]. */
  readonly labels: Int32Array;
}

export interface EmbeddingSelection {
  readonly signal: AbortSignal;
  /** Whether an item is wanted; every one unless given. */
  readonly accept?: (item: EmbeddedItem) => boolean;
  /** Of the items that are wanted, ascending; all of the set unless given. */
  readonly itemIds?: readonly number[] | undefined;
}

interface ReadSet {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
}

/** One after another where they are named: they may be few of many. */
function* listItems(
  { catalog, set }: ReadSet,
  itemIds: readonly number[] | undefined,
): Iterable<EmbeddedItem> {
  if (itemIds === undefined) return yield* catalog.sets.listEmbedded(set.id);
  for (const id of itemIds) {
    const item = catalog.sets.findEmbedded(set.id, id);
    if (item !== undefined) yield item;
  }
}

/**
 * Reads the vectors of a set; those that go while they are read are passed over. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 */
export async function readEmbeddings(
  { catalog, set }: ReadSet,
  { signal, accept = () => true, itemIds }: EmbeddingSelection,
): Promise<EmbeddingsOfItems> {
  const takeTurn = createTurns(signal);
  const items: EmbeddedItem[] = [];
  const vectors: Float32Array[] = [];
  for (const item of listItems({ catalog, set }, itemIds)) {
    if (!accept(item)) continue;
    await takeTurn();
    const vector = catalog.sets.findEmbedding(item.vectorId, set.dimension);
    if (vector === undefined) continue;
    items.push(item);
    vectors.push(vector);
  }
  return { items, block: stackVectors(vectors, set.dimension) };
}

/** A number for each label, in the order in which they come first: [items]. */
export function numberLabels(items: readonly Pick<EmbeddedItem, 'label'>[]): Int32Array {
  const numbers = new Map<string | null, number>();
  for (const { label } of items) if (!numbers.has(label)) numbers.set(label, numbers.size);
  return Int32Array.from(items, ({ label }) => numbers.get(label) as number);
}

/** As `readEmbeddings`, of the items that have a label. */
export async function readLabelled(
  source: ReadSet,
  { accept = () => true, ...selection }: EmbeddingSelection,
): Promise<LabelledEmbeddings> {
  const isLabelled = (item: EmbeddedItem): boolean => item.label !== null && accept(item);
  const embeddings = await readEmbeddings(source, { ...selection, accept: isLabelled });
  return { ...embeddings, labels: numberLabels(embeddings.items) };
}
