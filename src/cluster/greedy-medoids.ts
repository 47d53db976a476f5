import type { TakeTurn } from '../take-turns.js';
import { BoundHeap } from './bound-heap.js';
import type { Candidates } from './candidates.js';

/** Distance of each point to its nearest medoid, of those chosen so far: [count]. */
class Nearest {
  private readonly distances: Float64Array;

  constructor(private readonly candidates: Candidates) {
    this.distances = new Float64Array(candidates.count).fill(candidates.farCost);
  }

  add(medoid: number): void {
    const { points, distances } = this.candidates.reachOf(medoid);
    for (let at = 0; at < points.length; at++) {
      this.distances[points[at]] = Math.min(this.distances[points[at]], distances[at]);
    }
  }

  /** How much nearer all points together would be with this one. */
  gainOf(candidate: number): number {
    const { points, distances } = this.candidates.reachOf(candidate);
    let gain = 0;
    for (let at = 0; at < points.length; at++) {
      const nearest = this.distances[points[at]];
      if (distances[at] < nearest) gain += nearest - distances[at];
    }
    return gain;
  }
}

/** The point with the least sum of distances to all, of equals the lowest. */
async function findMiddle(candidates: Candidates, takeTurn: TakeTurn): Promise<number> {
  let [middle, least] = [0, Number.POSITIVE_INFINITY];
  for (let j = 0; j < candidates.count; j++) {
    await takeTurn();
    const { distances } = candidates.reachOf(j);
    let cost = 0;
    for (let at = 0; at < distances.length; at++) cost += distances[at];
    if (cost < least) [middle, least] = [j, cost];
  }
  return middle;
}

export interface GreedyOptions {
  /** From 1 to the number of points, of which there is one at least. */
  readonly clusters: number;
  /** Greedy stops before the second or later one that does not gain more. */
  readonly facilityCost?: number | undefined;
  /** Told which part of the clusters is chosen, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * Greedy maximisation of F (eq. 4 of Song et al. 2017): again and again the point that brings all points nearest, of
 * equals the lowest. What a point gains only shrinks as others are chosen, so what it once gained bounds it, and only
 * the points whose bound is the greatest are asked again (Minoux 1978). Summed up in one order, gains shrink in floating
 * point too, so the choices are those of asking every point every time.
 * @returns in the order of their choice, with which a greater number would begin: [clusters, or fewer]
 */
export async function chooseMedoids(
  candidates: Candidates,
  { clusters, facilityCost = Number.NEGATIVE_INFINITY, onProgress }: GreedyOptions,
  takeTurn: TakeTurn,
): Promise<Int32Array> {
  const nearest = new Nearest(candidates);
  const heap = new BoundHeap(candidates.count);
  const medoids: number[] = [];
  // Where every medoid reaches all, the first gains infinitely, whichever it is.
  const first = candidates.farCost < Number.POSITIVE_INFINITY ? -1 : await findMiddle(candidates, takeTurn);
  if (first >= 0) {
    medoids.push(first);
    nearest.add(first);
  }
  const askedAt = new Int32Array(candidates.count).fill(-1);
  while (medoids.length < clusters) {
    await takeTurn();
    const { top } = heap;
    if (top === first) {
      heap.removeTop();
    } else if (askedAt[top] === medoids.length) {
      if (medoids.length > 0 && !(heap.topBound > facilityCost)) break;
      heap.removeTop();
      medoids.push(top);
      nearest.add(top);
      onProgress?.(medoids.length / clusters);
    } else {
      heap.lowerTop(nearest.gainOf(top));
      askedAt[top] = medoids.length;
    }
  }
  return Int32Array.from(medoids);
}
