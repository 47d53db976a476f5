import type { RankOptions } from '../../src/gallery/rank-hits.js';
import { squaredDistance } from '../../src/math/vectors.js';
import type { Hit, IndexedVector } from '../../src/vector-index/vector-index.js';

const cosine = (a: Float32Array, b: Float32Array): number => 1 - squaredDistance(a, b) / 2;

/** Maximal marginal relevance, every maximum computed anew. */
function naiveDiversity(
  hits: readonly Hit[],
  diversity: number,
  vectorOf: (id: number) => Float32Array,
): Hit[] {
  const taken: Hit[] = [];
  for (const _ of hits) {
    const scores = hits.map(hit => {
      if (taken.includes(hit)) return Number.NEGATIVE_INFINITY;
      const relevance = 1 - hit.distance ** 2 / 2;
      const likeness = taken.map(other => cosine(vectorOf(hit.id), vectorOf(other.id)));
      return (1 - diversity) * relevance - diversity * (taken.length === 0 ? 0 : Math.max(...likeness));
    });
    taken.push(hits[taken.length === 0 ? 0 : scores.indexOf(Math.max(...scores))]);
  }
  return taken;
}

/** Every vector compared and sorted, then what is not wanted left out. */
export function naiveRanking(
  entries: readonly IndexedVector[],
  query: Float32Array,
  options: RankOptions,
): { ids: number[]; hasMore: boolean } {
  const { k, offset = 0, maxDistance = 9, allowed, exclude, labelOf, diversity = 0 } = options;
  const sorted = entries
    .map(({ id, vector }) => ({ id, distance: Math.sqrt(squaredDistance(query, vector)) }))
    .sort((a, b) => a.distance - b.distance || a.id - b.id)
    .filter(hit => hit.distance <= maxDistance && !exclude?.has(hit.id) && (allowed?.has(hit.id) ?? true));
  const label = (hit: Hit): string | null => labelOf?.(hit.id) ?? null;
  const found = sorted.filter(
    (hit, i) => label(hit) === null || sorted.findIndex(other => label(other) === label(hit)) === i,
  );
  const vectors = new Map(entries.map(({ id, vector }) => [id, vector]));
  const vectorOf = (id: number): Float32Array => vectors.get(id) ?? new Float32Array();
  const pool = Math.min(2000, Math.max(100, 4 * k));
  const ordered: Hit[] = [];
  for (let i = 0; i < found.length; i += pool) {
    const hits = found.slice(i, i + pool);
    ordered.push(...(diversity === 0 ? hits : naiveDiversity(hits, diversity, vectorOf)));
  }
  const end = offset + k;
  return { ids: ordered.slice(offset, end).map(hit => hit.id), hasMore: ordered.length > end };
}
