import type { Hit } from './vector-index.js';

export const byDistanceThenId = (a: Hit, b: Hit): number => a.distance - b.distance || a.id - b.id;

const isFarther = (a: Hit, b: Hit): boolean => byDistanceThenId(a, b) > 0;

function siftUp(hits: Hit[]): void {
  for (let child = hits.length - 1; child > 0; ) {
    const parent = (child - 1) >> 1;
    if (!isFarther(hits[child], hits[parent])) return;
    [hits[child], hits[parent]] = [hits[parent], hits[child]];
    child = parent;
  }
}

function siftDown(hits: Hit[]): void {
  for (let parent = 0; ; ) {
    const left = 2 * parent + 1;
    if (left >= hits.length) return;
    const right = left + 1;
    const child = right < hits.length && isFarther(hits[right], hits[left]) ? right : left;
    if (!isFarther(hits[child], hits[parent])) return;
    [hits[child], hits[parent]] = [hits[parent], hits[child]];
    parent = child;
  }
}

export interface NearestHeap {
  /** A hit farther than this cannot enter. */
  bound(): number;
  offer(hit: Hit): void;
  /** Nearest first, at equal distance the lower id first. */
  sorted(): Hit[];
}

/** Keeps the `capacity` nearest of the hits offered: a binary heap with the farthest on top. */
export function createNearestHeap(capacity: number): NearestHeap {
  const hits: Hit[] = [];
  return {
    bound: () => (hits.length < capacity ? Number.POSITIVE_INFINITY : hits[0].distance),
    offer: hit => {
      if (hits.length < capacity) {
        hits.push(hit);
        siftUp(hits);
      } else if (isFarther(hits[0], hit)) {
        hits[0] = hit;
        siftDown(hits);
      }
    },
    sorted: () => [...hits].sort(byDistanceThenId),
  };
}
