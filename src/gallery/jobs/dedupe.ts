import { z } from 'zod';
import type { EmbeddedItem } from '../../catalog/embedding-sets.js';
import { rowOf } from '../../math/vectors.js';
import { createTurns } from '../../take-turns.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import { type EmbeddingsOfItems, readEmbeddings } from '../read-embeddings.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { defineJob, type JobContext } from './job.js';

export const dedupeInputSchema = z.strictObject({
  maxDistance: z
    .number()
    .min(0)
    .max(2)
    .default(0.15)
    .describe('from the item that stands for its group; 0.15 is a cosine similarity of 0.989'),
});

const neighboursAtFirst = 50;
const reportEvery = 100;

interface Group {
  /** Id of the item that stands for the group: the one added first. */
  readonly representative: number;
  /** The others, nearest first. */
  readonly items: readonly { readonly id: number; readonly distance: number }[];
}

/** Asks for more and more neighbours, until one is too far away or there are no more. */
function findWithin(index: VectorIndex, query: Float32Array, maxDistance: number) {
  for (let k = neighboursAtFirst; ; k *= 2) {
    const hits = index.search(query, k);
    const within = hits.filter(({ distance }) => distance <= maxDistance);
    if (within.length < hits.length || hits.length < k) return within;
  }
}

/** Items with the very same bytes, by the first of them: what is near one is near all. */
function groupByImage(items: readonly EmbeddedItem[]): Map<string, EmbeddedItem[]> {
  const groups = new Map<string, EmbeddedItem[]>();
  for (const item of items) {
    const group = groups.get(item.imageSha256);
    if (group === undefined) groups.set(item.imageSha256, [item]);
    else group.push(item);
  }
  return groups;
}

async function findGroups(
  { items, block }: EmbeddingsOfItems,
  { graph, maxDistance }: { readonly graph: VectorIndex; readonly maxDistance: number },
  { signal, report }: JobContext,
): Promise<Group[]> {
  const takeTurn = createTurns(signal);
  const sameImage = groupByImage(items);
  const itemOf = new Map(items.map(item => [item.vectorId, item]));
  const taken = new Set<string>();
  const groups: Group[] = [];
  for (const [row, item] of items.entries()) {
    await takeTurn();
    stopIfAborted(signal);
    if (row % reportEvery === 0) report({ done: row, total: items.length });
    if (taken.has(item.imageSha256)) continue;
    taken.add(item.imageSha256);
    const distances = new Map([[item.imageSha256, 0]]);
    for (const { id, distance } of findWithin(graph, rowOf(block, row), maxDistance)) {
      const imageSha256 = itemOf.get(id)?.imageSha256;
      // One added since the beginning is not looked at.
      if (imageSha256 === undefined || taken.has(imageSha256)) continue;
      taken.add(imageSha256);
      distances.set(imageSha256, distance);
    }
    const others = [...distances].flatMap(([imageSha256, distance]) =>
      (sameImage.get(imageSha256) as EmbeddedItem[]).map(({ itemId }) => ({ id: itemId, distance })),
    );
    if (others.length > 1) {
      groups.push({ representative: item.itemId, items: others.filter(({ id }) => id !== item.itemId) });
    }
  }
  return groups;
}

/**
 * Groups items that show the same: those with the same bytes, and those that the graph finds near. In the order of
 * their ids each one that is in no group yet stands for one, and takes the free ones within the distance.
 */
export const dedupe = defineJob({
  input: dedupeInputSchema,
  run({ maxDistance }, context) {
    const { opened, catalog, signal, report } = context;
    return opened.space.use(async space => {
      const { set, exact } = space;
      const embeddings = await readEmbeddings({ catalog, set }, { signal });
      // To compare each with every other would take longer than to wait for the graph.
      await space.indexed();
      const graph = space.graph ?? exact;
      const groups = await findGroups(embeddings, { graph, maxDistance }, context);
      const total = embeddings.items.length;
      report({ done: total, total });
      return { groups, duplicates: groups.reduce((sum, { items }) => sum + items.length, 0) };
    });
  },
});
