import type { TakeTurn } from '../take-turns.js';
import type { Candidates, Reach } from './candidates.js';
import type { PointDistances } from './point-distances.js';

/** Near neighbours of each point, the nearest first, as an index finds them. */
export interface NeighbourTable {
  /** Row after row; itself and −1 count for nothing: [count, width]. */
  readonly neighbours: Int32Array;
  readonly width: number;
}

/** Lists of points, one after another. */
interface Lists {
  /** Where each list begins, and the last one ends: [count + 1]. */
  readonly starts: Float64Array;
  readonly points: Int32Array;
}

/** Neighbours either way, among the first `width` of each row: pairs (i, j) where one of them names the other. */
function visitPairs(table: NeighbourTable, width: number, visit: (i: number, j: number) => void): void {
  const { neighbours, width: stride } = table;
  for (let i = 0; i * stride < neighbours.length; i++) {
    for (let at = i * stride; at < i * stride + width; at++) {
      const j = neighbours[at];
      if (j < 0 || j === i) continue;
      const row = neighbours.subarray(j * stride, j * stride + width);
      // Of two that name each other, one speaks.
      if (i < j || !row.includes(i)) visit(i, j);
    }
  }
}

function countNeighbours(table: NeighbourTable, width: number): Int32Array {
  const counts = new Int32Array(table.neighbours.length / table.width);
  visitPairs(table, width, (i, j) => {
    counts[i]++;
    counts[j]++;
  });
  return counts;
}

/**
 * No second step is taken from a point with more neighbours: where many points are equal, those that come first are the
 * neighbours of all others.
 */
const mostFollowed = 64;

/** Pairs that can be reached in two steps or fewer at the most. */
const mostReached = (counts: Int32Array): number =>
  counts.reduce((sum, count) => sum + 1 + count + (count <= mostFollowed ? count ** 2 : 0), 0);

/** The first so many neighbours of all that lead to no more than `mostPairs` in two steps; one at least. */
function fitWidth(table: NeighbourTable, mostPairs: number): number {
  let width = 1;
  while (width < table.width && mostReached(countNeighbours(table, width + 1)) <= mostPairs) width++;
  return width;
}

function listNeighbours(table: NeighbourTable, width: number): Lists {
  const counts = countNeighbours(table, width);
  const starts = new Float64Array(counts.length + 1);
  for (const [i, count] of counts.entries()) starts[i + 1] = starts[i] + count;
  const points = new Int32Array(starts[counts.length]);
  const ends = starts.slice(0, -1);
  visitPairs(table, width, (i, j) => {
    points[ends[i]++] = j;
    points[ends[j]++] = i;
  });
  return { starts, points };
}

/**
 * What each point reaches in the graph of neighbours: itself, its neighbours and, unless they are too many, theirs.
 * Whoever is reached reaches back.
 * Any other pair counts as far as the farthest pair that is listed.
 */
export class NeighbourLists implements Candidates {
  readonly count: number;
  readonly farCost: number;

  private constructor(
    private readonly lists: Lists,
    private readonly distances: Float32Array,
  ) {
    this.count = lists.starts.length - 1;
    this.farCost = distances.reduce((most, distance) => Math.max(most, distance), 0);
  }

  /**
   * @param mostPairs 8 bytes each: of the neighbours, only as many of the first are followed as lead to no more, but the
   *   nearest always
   */
  static async create(
    distances: PointDistances,
    table: NeighbourTable,
    { mostPairs, takeTurn }: { readonly mostPairs: number; readonly takeTurn: TakeTurn },
  ): Promise<NeighbourLists> {
    const { count } = distances;
    const width = fitWidth(table, mostPairs);
    const near = listNeighbours(table, width);
    const most = mostReached(countNeighbours(table, width));
    const [points, lengths] = [new Int32Array(most), new Float32Array(most)];
    const starts = new Float64Array(count + 1);
    const reachedFrom = new Int32Array(count).fill(-1);
    let end = 0;
    const reach = (from: number, to: number): void => {
      if (reachedFrom[to] === from) return;
      reachedFrom[to] = from;
      points[end] = to;
      lengths[end++] = distances.measure(from, to);
    };
    for (let i = 0; i < count; i++) {
      await takeTurn();
      reach(i, i);
      for (let at = near.starts[i]; at < near.starts[i + 1]; at++) {
        const between = near.points[at];
        reach(i, between);
        if (near.starts[between + 1] - near.starts[between] > mostFollowed) continue;
        for (let to = near.starts[between]; to < near.starts[between + 1]; to++) reach(i, near.points[to]);
      }
      starts[i + 1] = end;
    }
    return new NeighbourLists({ starts, points: points.subarray(0, end) }, lengths.subarray(0, end));
  }

  /** Mean number of points that one reaches, itself among them. */
  get meanReach(): number {
    return this.distances.length / this.count;
  }

  reachOf(candidate: number): Reach {
    const { starts, points } = this.lists;
    const [start, end] = [starts[candidate], starts[candidate + 1]];
    return { points: points.subarray(start, end), distances: this.distances.subarray(start, end) };
  }
}
