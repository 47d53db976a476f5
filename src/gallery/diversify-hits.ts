import { squaredDistance } from '../math/vectors.js';
import type { Hit } from '../vector-index/vector-index.js';

/**
 * Maximal marginal relevance (Carbonell & Goldstein 1998): the hits are taken one after the other, each time the
 * one for which
 *
 *   (1 − diversity) · cos(hit, query) − diversity · max over hits taken of cos(hit, taken)
 *
 * is largest, where λ of the paper is 1 − diversity and the cosine of unit vectors at distance d is 1 − d² / 2. The
 * first taken is the nearest; among equals the one that came first in `hits` is.
 * @param hits nearest first
 * @param options.count how many to take
 * @param options.diversity 0..1; with 0 the order stays as it is
 * @param options.vectorOf the vector of a hit [dimension]
 */
export function diversifyHits(
  hits: readonly Hit[],
  options: {
    readonly count: number;
    readonly diversity: number;
    readonly vectorOf: (id: number) => Float32Array;
  },
): Hit[] {
  const { count, diversity, vectorOf } = options;
  const left = hits.map(hit => ({
    hit,
    vector: vectorOf(hit.id),
    relevance: 1 - hit.distance ** 2 / 2,
    /** Cosine with the most similar hit taken. */
    redundancy: Number.NEGATIVE_INFINITY,
  }));
  const taken: Hit[] = [];
  for (let next = 0; taken.length < count && left.length > 0; ) {
    const [{ hit, vector }] = left.splice(next, 1);
    taken.push(hit);
    let best = Number.NEGATIVE_INFINITY;
    for (const [i, candidate] of left.entries()) {
      const cosine = 1 - squaredDistance(candidate.vector, vector) / 2;
      candidate.redundancy = Math.max(candidate.redundancy, cosine);
      const score = (1 - diversity) * candidate.relevance - diversity * candidate.redundancy;
      if (score <= best) continue;
      best = score;
      next = i;
    }
  }
  return taken;
}
