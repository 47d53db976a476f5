import type { Api, Collection, Item } from './api.js';

const places = 12;
const itemsAPlace = 2;

/**
 * Some items from all over a collection: folders are indexed in order, so the first page alone would show one
 * class. Ids of a collection mostly follow each other; where they do not, the samples are fewer or closer.
 * @param shift 0..1, moves every place
 */
export async function sampleItems(
  { listItems }: Api,
  { name, items: count }: Collection,
  shift: number,
): Promise<Item[]> {
  const [first] = await listItems(name, { after: 0, limit: 1 });
  if (first === undefined) return [];
  const step = count / places;
  const lists = await Promise.all(
    Array.from({ length: places }, (_, i) => {
      const after = first.id - 1 + Math.floor((i + shift) * step);
      return listItems(name, { after, limit: itemsAPlace });
    }),
  );
  return [...new Map(lists.flat().map(item => [item.id, item])).values()];
}
