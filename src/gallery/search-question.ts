import type { ItemFilter } from '../catalog/item-filter.js';
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

/** How results are chosen. */
export interface SearchOptions {
  /** Most results of a page. */
  readonly k: number;
  /** Nothing farther than this. */
  readonly maxDistance?: number | undefined;
  readonly filter?: ItemFilter | undefined;
  /** Compares with every vector; asks the graph otherwise. */
  readonly exact: boolean;
  /** The nearest item of each label only; items without one each count for themselves. */
  readonly onePerLabel: boolean;
  /** 0 ranks by distance alone; towards 1 results are to be unlike each other. */
  readonly diversity: number;
  /** Whether an item that is the query may be a result. */
  readonly includeSelf: boolean;
}

export const defaultSearchOptions: SearchOptions = {
  k: 10,
  exact: false,
  onePerLabel: false,
  diversity: 0,
  includeSelf: false,
};

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
