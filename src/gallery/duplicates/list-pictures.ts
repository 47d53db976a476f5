import type { EmbeddedItem } from '../../catalog/embedding-sets.js';
import { rowOf } from '../../math/vectors.js';
import type { EmbeddingsOfItems } from '../read-embeddings.js';

/** Some bytes, and the items that have them. */
export interface Picture {
  /** Position in the list of pictures, which is by quality. */
  readonly rank: number;
  readonly imageSha256: string;
  /** At least one, by ascending id. */
  readonly items: readonly EmbeddedItem[];
  /** Of the first item: [dimension]. */
  readonly vector: Float32Array;
}

/** Whether neither is the better picture. */
export const areEquallyGood = ({ items: [a] }: Picture, { items: [b] }: Picture): boolean =>
  a.width * a.height === b.width * b.height && a.bytes === b.bytes;

/** Each once: those of most pixels first, then of most bytes, then of the lowest id. */
export function listPictures({ items, block }: EmbeddingsOfItems): Picture[] {
  const byImage = new Map<string, { items: EmbeddedItem[]; vector: Float32Array }>();
  for (const [row, item] of items.entries()) {
    const picture = byImage.get(item.imageSha256);
    if (picture === undefined) byImage.set(item.imageSha256, { items: [item], vector: rowOf(block, row) });
    else picture.items.push(item);
  }
  return [...byImage]
    .map(([imageSha256, picture]) => ({ imageSha256, ...picture }))
    .sort(({ items: [a] }, { items: [b] }) => {
      return b.width * b.height - a.width * a.height || b.bytes - a.bytes || a.itemId - b.itemId;
    })
    .map((picture, rank) => ({ rank, ...picture }));
}
