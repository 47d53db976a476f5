import { z } from 'zod';
import { itemFilterSchema } from '../catalog/item-filter.js';
import type { CropBox } from '../images/crop-box.js';
import type { Item } from './item.js';

/** One view of what is looked for. */
export type Query =
  /** [dimension], any length but 0. */
  | { readonly vector: Float32Array }
  /** The picture of an item, or the part of it in the box. */
  | { readonly itemId: number; readonly box?: CropBox | undefined }
  | { readonly itemKey: string; readonly box?: CropBox | undefined }
  /** Read when its turn comes. */
  | { readonly image: () => Promise<Uint8Array>; readonly box?: CropBox | undefined };

export const mostResults = 1000;
/** Of two vectors of unit length. */
export const greatestDistance = 2;

/** What each option means; where options come as text, too. */
export const searchOptionMeanings = {
  k: 'most results of a page',
  maxDistance: 'nothing farther than this',
  filter: 'only items that it holds for',
  exact: '`true` compares with every vector, `false` asks the graph',
  onePerLabel: 'the nearest item of each label only; items without one each count for themselves',
  diversity:
    '0 ranks by distance alone; towards 1 results are to be unlike each other (maximal marginal relevance)',
  includeSelf: 'whether an item that is the query may be a result',
} as const;

/** How results are chosen. */
export const searchOptionsSchema = z.strictObject({
  k: z.int().min(1).max(mostResults).default(10).describe(searchOptionMeanings.k),
  maxDistance: z.number().min(0).max(greatestDistance).optional().describe(searchOptionMeanings.maxDistance),
  filter: itemFilterSchema.optional().describe(searchOptionMeanings.filter),
  exact: z.boolean().default(false).describe(searchOptionMeanings.exact),
  onePerLabel: z.boolean().default(false).describe(searchOptionMeanings.onePerLabel),
  diversity: z.number().min(0).max(1).default(0).describe(searchOptionMeanings.diversity),
  includeSelf: z.boolean().default(false).describe(searchOptionMeanings.includeSelf),
});
export type SearchOptions = z.output<typeof searchOptionsSchema>;

/** Several queries are several views of one thing: the mean of their embeddings is looked for. */
export type SearchQuestion =
  | { readonly queries: readonly Query[]; readonly options: SearchOptions }
  /** The next page of an answer. */
  | { readonly cursor: string };

export interface Neighbour {
  readonly item: Item;
  /** Euclidean, of unit vectors: 0..2. */
  readonly distance: number;
  /**
   * Share of random pairs of the collection that are farther apart, 0..1; null while it has too few items to say.
   */
  readonly similarity: number | null;
}

/** Milliseconds, with the wait for a turn. */
export interface SearchTimings {
  readonly fetch: number;
  readonly decode: number;
  readonly embed: number;
  readonly search: number;
}

export interface SearchAnswer {
  /** Nearest first, unless diversity was asked for. */
  readonly results: readonly Neighbour[];
  /** Cursor of the next page; null where there is none. */
  readonly next: string | null;
  readonly modelId: string;
  readonly timingsMs: SearchTimings;
}
