import type { ExactIndex } from '../vector-index/exact.js';
import { byDistanceThenId, createNearestHeap } from '../vector-index/nearest-heap.js';
import type { Hit, VectorIndex } from '../vector-index/vector-index.js';

/** The same vectors twice: for comparison with every one, and in a graph, if there is one yet. */
export interface SearchedVectors {
  readonly exact: ExactIndex;
  readonly graph?: VectorIndex | undefined;
}

/** Which hits there are. Ids are those of vectors. */
export interface HitSelection {
  /** Hits farther away than this are none. */
  readonly maxDistance?: number | undefined;
  /** Only these are found; all unless given. */
  readonly allowed?: ReadonlySet<number> | undefined;
  /** These are not. */
  readonly exclude?: ReadonlySet<number> | undefined;
  /** Given, only the nearest hit of each label is found; those with null stand each for itself. */
  readonly labelOf?: ((id: number) => string | null) | undefined;
  /** Compares with every vector; false unless given. */
  readonly exact?: boolean | undefined;
}

/** As few vectors as this are compared sooner than a graph is asked again and again. */
const fewVectors = 20_000;
/** To compare a query with so many vectors takes about as long as one more hit from the graph. */
const vectorsPerHit = 32;
/** How many hits are asked for at first for each label wanted. */
const hitsPerLabel = 4;

/** The nearest vectors, as many as are asked for. */
interface Source {
  readonly ask: (count: number) => Hit[];
  readonly start: number;
  /** Each time so many times more. */
  readonly growth: number;
  /** No more than this. */
  readonly limit: number;
}

function isAllowed({ id, distance }: Hit, selection: HitSelection): boolean {
  const { maxDistance = Number.POSITIVE_INFINITY, allowed, exclude } = selection;
  return distance <= maxDistance && exclude?.has(id) !== true && allowed?.has(id) !== false;
}

function selectHits(hits: readonly Hit[], selection: HitSelection): Hit[] {
  const labels = new Set<string>();
  return hits.filter(hit => {
    if (!isAllowed(hit, selection)) return false;
    const label = selection.labelOf?.(hit.id) ?? null;
    if (label === null) return true;
    if (labels.has(label)) return false;
    labels.add(label);
    return true;
  });
}

/** By looking at every vector once, which is quicker than sorting them when hits of the same few labels come first. */
function scanLabels(
  exact: ExactIndex,
  query: Float32Array,
  { count, ...selection }: HitSelection & { readonly count: number },
): Hit[] {
  const nearest = new Map<string, Hit>();
  const heap = createNearestHeap(count);
  exact.visitDistances(query, (id, distance) => {
    const hit = { id, distance };
    if (!isAllowed(hit, selection)) return;
    const label = selection.labelOf?.(id) ?? null;
    if (label === null) return heap.offer(hit);
    const other = nearest.get(label);
    if (other === undefined || byDistanceThenId(hit, other) < 0) nearest.set(label, hit);
  });
  for (const hit of nearest.values()) heap.offer(hit);
  return heap.sorted();
}

/**
 * Asks for more and more until `count` hits are found or there are no others.
 * @returns nothing when the source would have to give more than its limit
 */
function widen(source: Source, count: number, selection: HitSelection): Hit[] | undefined {
  const { maxDistance = Number.POSITIVE_INFINITY } = selection;
  for (let asked = source.start; asked <= source.limit; asked *= source.growth) {
    const hits = source.ask(asked);
    const selected = selectHits(hits, selection);
    const isAll = hits.length < asked || hits[hits.length - 1].distance > maxDistance;
    if (isAll || selected.length >= count) return selected.slice(0, count);
  }
  return undefined;
}

/**
 * The `count` nearest hits, nearest first, at equal distance the lower id first; all there are when there are fewer.
 * Few allowed vectors are compared one by one. Otherwise the graph is asked for more and more, until a comparison with
 * every vector would have been quicker, which then is made, as it is while there is no graph. So it is exact unless the
 * graph answers.
 */
export function findHits(
  { graph, exact }: SearchedVectors,
  query: Float32Array,
  { count, ...selection }: HitSelection & { readonly count: number },
): Hit[] {
  const { allowed, exclude, labelOf } = selection;
  const candidates = Math.min(exact.size, allowed?.size ?? exact.size);
  if (candidates === 0) return [];
  const start = count * (labelOf === undefined ? 1 : hitsPerLabel) + (exclude?.size ?? 0);
  const areFew = allowed !== undefined && candidates <= fewVectors;
  if (graph !== undefined && selection.exact !== true && !areFew) {
    // The share of the allowed among those near the query is not known; it may well be their share of all.
    const first = Math.ceil(start * (graph.size / candidates));
    const limit = Math.max(candidates / vectorsPerHit, allowed === undefined ? first : 0);
    const ask = (n: number): Hit[] => graph.search(query, n);
    const hits = widen({ ask, start: first, growth: 2, limit }, count, selection);
    if (hits !== undefined) return hits;
  }
  const ask = (n: number): Hit[] =>
    allowed === undefined ? exact.search(query, n) : exact.searchAmong(query, n, allowed);
  // Without labels the first answer is enough.
  const limit = Math.max(candidates / vectorsPerHit, start);
  const hits = widen({ ask, start, growth: 4, limit }, count, selection);
  return hits ?? scanLabels(exact, query, { count, ...selection });
}
