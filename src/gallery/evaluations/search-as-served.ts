import { furthestHit, type HitPage } from '../rank-hits.js';
import { mostResults } from '../search-question.js';

export interface ServedSearch {
  /** Hits of which those that are no candidates are passed over. */
  readonly count: number;
  /** Candidates in all, and what can be found in all. */
  readonly candidates: number;
  readonly among: number;
}

/** How a search is asked for `count` candidates, page after page, so that mostly the first page has them. */
const pageSizeOf = ({ count, candidates, among }: ServedSearch): number =>
  Math.min(mostResults, Math.ceil((count * Math.max(candidates, among)) / candidates));

/**
 * The first `count` candidates as a user finds them who asks page after page; fewer where there are no more, or where
 * paging ends.
 * @param rank one page of hits
 * @param toCandidate nothing for a hit that is none
 */
export function searchAsServed(
  search: ServedSearch,
  rank: (page: { readonly k: number; readonly offset: number }) => HitPage,
  toCandidate: (id: number) => number | undefined,
): number[] {
  const size = pageSizeOf(search);
  const found: number[] = [];
  for (let offset = 0; offset < furthestHit; offset += size) {
    const { hits, hasMore } = rank({ k: Math.min(size, furthestHit - offset), offset });
    for (const { id } of hits) {
      const candidate = toCandidate(id);
      if (candidate !== undefined) found.push(candidate);
    }
    if (found.length >= search.count || !hasMore) break;
  }
  return found.slice(0, search.count);
}
