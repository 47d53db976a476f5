import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { createRandom } from '../math/random.js';
import { evaluateQueries } from '../math/retrieval-metrics.js';
import { type LabelledEmbeddings, readLabelled } from './read-embeddings.js';

const ks = [1, 4, 16];
const mostQueries = 2000;
const seed = 'recall';

/** Recall@K by K. */
export type RecallAt = Readonly<Record<string, number>>;

/** Rows of items that are not alone with their label; a seeded choice of them where there are many. */
function chooseQueries({ labels }: LabelledEmbeddings): number[] | undefined {
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const shared = [...sizes.values()].filter(size => size > 1);
  if (shared.length < 2) return undefined;
  const rows = [...labels.keys()].filter(row => (sizes.get(labels[row]) ?? 0) > 1);
  return createRandom(seed)
    .shuffle(rows)
    .slice(0, mostQueries)
    .sort((a, b) => a - b);
}

/**
 * How often one of the K nearest of an item has its label: each against all other labelled items, exactly. The same
 * items are asked with, whatever the model.
 * @returns null where fewer than 2 labels have 2 items
 * @throws MedoidError `interrupted`
 */
export async function measureRecall(
  source: { readonly catalog: Catalog; readonly set: EmbeddingSetRow },
  signal: AbortSignal,
): Promise<RecallAt | null> {
  const labelled = await readLabelled(source, signal);
  const queries = chooseQueries(labelled);
  if (queries === undefined) return null;
  const { block, labels } = labelled;
  const { recallAt } = await evaluateQueries(block, labels, {
    ks,
    queries,
    gallery: [...labels.keys()],
    signal,
  });
  return recallAt;
}
