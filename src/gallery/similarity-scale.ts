import { createRandom, type Random } from '../math/random.js';
import { squaredDistance } from '../math/vectors.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import { greatestDistance } from './search-question.js';

/**
 * How alike two pictures at a distance are, measured by the collection they are in: the share of random pairs of its
 * pictures that are farther apart, 0..1. At 0.99, of a hundred random pairs ninety-nine are less alike. It says the same
 * whatever model made the vectors, which a distance does not; it does not say that the pictures show the same thing.
 */
export type SimilarityScale = (distance: number) => number;

/** A handful of pictures says nothing of what is usual. */
const fewestItems = 20;
const mostItems = 2000;
const mostPairs = 20_000;

/**
 * With P distances, similarity(d) = (distances above d + half of those equal to d) / P where d is one of them, and in
 * between on the straight line from one to the next; below the smallest on the line from 1 at 0, above the largest on
 * the line to 0 at 2. So it is continuous and never rises with the distance.
 * @param distances of pairs, at least one; 0..2
 */
export function createSimilarityScale(distances: ArrayLike<number>): SimilarityScale {
  const sorted = Float64Array.from(distances, distance => Math.min(distance, greatestDistance)).sort();
  // The corners of the broken line, by ascending distance.
  const [xs, ys] = [[] as number[], [] as number[]];
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    xs.push(sorted[start]);
    ys.push(1 - (start + end) / 2 / sorted.length);
    start = end;
  }
  if (xs[0] > 0) {
    xs.unshift(0);
    ys.unshift(1);
  }
  if (xs[xs.length - 1] < greatestDistance) {
    xs.push(greatestDistance);
    ys.push(0);
  }
  return distance => interpolate(xs, ys, Math.min(Math.max(distance, 0), greatestDistance));
}

/** @param x between the first and the last of the ascending `xs` */
function interpolate(xs: readonly number[], ys: readonly number[], x: number): number {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  if (xs[high] === xs[low]) return ys[low];
  const share = (x - xs[low]) / (xs[high] - xs[low]);
  return ys[low] * (1 - share) + ys[high] * share;
}

/** All pairs of different positions below `count`, or as many random ones as are enough. */
function choosePairs(count: number, random: Random): (readonly [number, number])[] {
  const positions = Array.from({ length: count }, (_, i) => i);
  if ((count * (count - 1)) / 2 <= mostPairs) {
    return positions.flatMap(i => positions.slice(i + 1).map(j => [i, j] as const));
  }
  return Array.from({ length: mostPairs }, () => {
    const i = random.integer(count);
    const j = random.integer(count - 1);
    return [i, j < i ? j : j + 1] as const;
  });
}

/**
 * The scale of a collection, from up to 20,000 pairs of up to 2,000 of its vectors. The same vectors and seed give the
 * same scale, in whatever order they were added.
 * @returns nothing for fewer than 20 vectors
 */
export function measureSimilarityScale(
  index: VectorIndex,
  { seed }: { readonly seed: number | string },
): SimilarityScale | undefined {
  if (index.size < fewestItems) return undefined;
  const random = createRandom(`${seed}/similarity-scale`);
  const ids = random.shuffle([...Float64Array.from(index.ids()).sort()]).slice(0, mostItems);
  const vectors = ids.map(id => index.vector(id));
  const distances = choosePairs(vectors.length, random).map(([i, j]) =>
    Math.sqrt(squaredDistance(vectors[i], vectors[j])),
  );
  return createSimilarityScale(distances);
}
