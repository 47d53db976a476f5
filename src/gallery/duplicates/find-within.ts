import type { Hit, VectorIndex } from '../../vector-index/vector-index.js';

const neighboursAtFirst = 50;

/** Asks for more and more neighbours, until one is too far away, there are no more, or there are as many as `most`. */
export function findWithin(
  index: VectorIndex,
  query: Float32Array,
  { maxDistance, most = Number.POSITIVE_INFINITY }: { readonly maxDistance: number; readonly most?: number },
): Hit[] {
  for (let k = Math.min(neighboursAtFirst, most); ; k = Math.min(2 * k, most)) {
    const hits = index.search(query, k);
    const within = hits.filter(({ distance }) => distance <= maxDistance);
    if (within.length < hits.length || hits.length < k || k === most) return within;
  }
}
