import { MedoidError } from '../errors.js';
import type { Hit } from '../vector-index/vector-index.js';
import { diversifyHits } from './diversify-hits.js';
import { findHits, type HitSelection, type SearchedVectors } from './find-hits.js';

/** What a search asks beside its query. */
export interface RankOptions extends HitSelection {
  /** Hits on a page. */
  readonly k: number;
  /** Hits before the page; 0 unless given. */
  readonly offset?: number | undefined;
  /** How much their likeness among each other counts against hits: 0..1, 0 unless given. */
  readonly diversity?: number | undefined;
}

export interface HitPage {
  readonly hits: Hit[];
  /** Whether there are hits after these that may be asked for. */
  readonly hasMore: boolean;
}

/** Hits that can be paged through: offset + k goes no further. */
export const furthestHit = 10_000;

/** @throws MedoidError `invalid-request` naming the option */
function checkOptions({ k, offset = 0, maxDistance = 2, diversity = 0 }: RankOptions): void {
  const check = (fits: boolean, field: keyof RankOptions, expectation: string): void => {
    if (!fits) throw new MedoidError('invalid-request', `${field}: expected ${expectation}`, { field });
  };
  check(Number.isInteger(k) && k >= 1, 'k', `a whole number of at least 1, got ${k}`);
  check(Number.isInteger(offset) && offset >= 0, 'offset', `a whole number of at least 0, got ${offset}`);
  check(offset + k <= furthestHit, 'offset', `offset + k of at most ${furthestHit}, got ${offset} + ${k}`);
  check(maxDistance >= 0, 'maxDistance', `a number of at least 0, got ${maxDistance}`);
  check(diversity >= 0 && diversity <= 1, 'diversity', `a number from 0 to 1, got ${diversity}`);
}

/** Hits among which diversity chooses. */
const poolSize = (k: number): number => Math.min(2000, Math.max(100, 4 * k));

/**
 * One page of the hits of a search, nearest first, at equal distance the lower id first.
 *
 * With `diversity` the nearest max(100, 4 · k), at most 2000, are put in the order of `diversifyHits`, then as many
 * that come after them by themselves, and so on: pages of one k hold every hit once.
 *
 * With `exact` the pages fit together. Through the graph, which is asked anew for each page, a wider search may find
 * what a narrower one has missed.
 * @param query [dimension], unit length
 * @throws MedoidError `invalid-request` naming the option, or `invalid-vector`
 */
export function rankHits(vectors: SearchedVectors, query: Float32Array, options: RankOptions): HitPage {
  checkOptions(options);
  const { k, offset = 0, diversity = 0, ...selection } = options;
  const end = offset + k;
  const pool = diversity === 0 ? end : poolSize(k);
  // One more than is needed tells whether there are more.
  const found = findHits(vectors, query, { ...selection, count: Math.ceil(end / pool) * pool + 1 });
  const hasMore = found.length > end && end < furthestHit;
  if (diversity === 0) return { hits: found.slice(offset, end), hasMore };
  const hits: Hit[] = [];
  const vectorOf = (id: number): Float32Array => vectors.exact.vector(id);
  const before = offset - (offset % pool);
  for (let start = before; start < end; start += pool) {
    const count = Math.min(pool, end - start);
    hits.push(...diversifyHits(found.slice(start, start + pool), { count, diversity, vectorOf }));
  }
  return { hits: hits.slice(offset - before, end - before), hasMore };
}
