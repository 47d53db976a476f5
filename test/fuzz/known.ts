import type { Random } from '../../src/math/random.js';

/** What a client of the server knows of it, so that some of what it asks for is there. */
export interface Known {
  readonly modelId: string;
  /** Ids that items had at some time. */
  readonly itemIds: readonly number[];
  /** Of a search with further pages. */
  readonly cursor: string;
  /** Whole pictures, by format. */
  readonly pictures: Readonly<Record<string, Buffer>>;
  readonly dimension: number;
}

/** Makes a request out of chance. */
export type RequestMaker<Request> = (random: Random, known: Known) => Request;

export const collectionPath = '/v1/collections/default';
