import { denseLabels } from './facility-location.js';

/** A gallery by class; its items are counted by their position in it. */
export interface GroupedGallery {
  /** Class of each row of the block, numbered anew. */
  readonly classOfRow: Int32Array;
  /** Class of each position. */
  readonly classOf: Int32Array;
  /** Position of each row of the block; −1 for one that is not in the gallery. */
  readonly positionOf: Int32Array;
  /** Positions of what a query should find: those of its class without itself, ascending. */
  relevantTo(row: number): number[];
  /** How many these are; 0 for a query that no mean is over. */
  countRelevant(row: number): number;
}

/** @param labels class of each row: [rows] @param gallery rows of it, each once */
export function groupGallery(labels: ArrayLike<number>, gallery: ArrayLike<number>): GroupedGallery {
  const { labels: classOfRow, classes } = denseLabels(labels);
  const positionOf = new Int32Array(labels.length).fill(-1);
  const classOf = Int32Array.from(gallery, row => classOfRow[row]);
  const members = Array.from({ length: classes }, (): number[] => []);
  for (let j = 0; j < gallery.length; j++) {
    positionOf[gallery[j]] = j;
    members[classOf[j]].push(j);
  }
  return {
    classOfRow,
    classOf,
    positionOf,
    relevantTo: row => members[classOfRow[row]].filter(position => position !== positionOf[row]),
    countRelevant: row => members[classOfRow[row]].length - (positionOf[row] < 0 ? 0 : 1),
  };
}
