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

interface ReadOptions {
  readonly signal: AbortSignal;
  /** Which items are read; all unless given. */
  readonly accept?: (item: EmbeddedItem) => boolean;
}

/**
 * Reads the vectors of a set; those that go while they are read are passed over. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 */
export async function readEmbeddings(
  { catalog, set }: { readonly catalog: Catalog; readonly set: EmbeddingSetRow },
  { signal, accept = () => true }: ReadOptions,
): Promise<EmbeddingsOfItems> {
  const takeTurn = createTurns(signal);
  const items: EmbeddedItem[] = [];
  const vectors: Float32Array[] = [];
  for (const item of catalog.sets.listEmbedded(set.id)) {
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
  source: { readonly catalog: Catalog; readonly set: EmbeddingSetRow },
  { signal, accept = () => true }: ReadOptions,
): Promise<LabelledEmbeddings> {
  const isLabelled = (item: EmbeddedItem): boolean => item.label !== null && accept(item);
  const embeddings = await readEmbeddings(source, { signal, accept: isLabelled });
  return { ...embeddings, labels: numberLabels(embeddings.items) };
}
