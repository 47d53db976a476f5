import type { DistanceMatrix } from '../math/facility-location.js';
import type { TakeTurn } from '../take-turns.js';

/** Medoids chosen so far, by what they leave to be gained. */
class Choice {
  readonly medoids: number[] = [];
  /** Most that each point may gain; −1 once it is chosen: [count]. */
  readonly bounds: Float64Array;
  /** Distance of each point to its nearest medoid: [count]. */
  private readonly nearest: Float64Array;

  constructor(private readonly matrix: DistanceMatrix) {
    this.bounds = new Float64Array(matrix.count).fill(Number.POSITIVE_INFINITY);
    this.nearest = new Float64Array(matrix.count).fill(Number.POSITIVE_INFINITY);
  }

  add(point: number): void {
    const { distances, count } = this.matrix;
    this.medoids.push(point);
    this.bounds[point] = -1;
    for (let i = 0; i < count; i++) {
      this.nearest[i] = Math.min(this.nearest[i], distances[point * count + i]);
    }
  }

  /** The point whose bound is greatest, of equals the lowest. */
  mostPromising(): number {
    const { bounds } = this;
    let best = 0;
    for (let j = 1; j < bounds.length; j++) if (bounds[j] > bounds[best]) best = j;
    return best;
  }

  /** How much nearer all points together would be with this one. */
  gainOf(point: number): number {
    const { nearest } = this;
    const { distances, count } = this.matrix;
    let gain = 0;
    for (let i = 0, at = point * count; i < count; i++, at++) {
      if (distances[at] < nearest[i]) gain += nearest[i] - distances[at];
    }
    return gain;
  }
}

/** The point with the least sum of distances to all, of equals the lowest. */
async function findMiddle({ distances, count }: DistanceMatrix, takeTurn: TakeTurn): Promise<number> {
  let [middle, least] = [0, Number.POSITIVE_INFINITY];
  for (let j = 0; j < count; j++) {
    await takeTurn();
    let cost = 0;
    for (let at = j * count; at < (j + 1) * count; at++) cost += distances[at];
    if (cost < least) [middle, least] = [j, cost];
  }
  return middle;
}

/**
 * Greedy maximisation of F (eq. 4 of Song et al. 2017): again and again the point that brings all points nearest, of
 * equals the lowest. What a point gains only shrinks as others are chosen, so what it once gained bounds it, and only
 * the points whose bound is the greatest are asked again (Minoux 1978). Summed up in one order, gains shrink in floating
 * point too, so the choices are those of asking every point every time.
 * @param clusters from 1 to the number of points, of which there is one at least
 * @returns [clusters]
 */
export async function chooseMedoids(
  matrix: DistanceMatrix,
  clusters: number,
  takeTurn: TakeTurn,
): Promise<Int32Array> {
  const choice = new Choice(matrix);
  // Before the first, gains are infinite.
  choice.add(await findMiddle(matrix, takeTurn));
  const askedAt = new Int32Array(matrix.count);
  while (choice.medoids.length < clusters) {
    await takeTurn();
    const round = choice.medoids.length;
    const point = choice.mostPromising();
    if (askedAt[point] === round) {
      choice.add(point);
    } else {
      choice.bounds[point] = choice.gainOf(point);
      askedAt[point] = round;
    }
  }
  return Int32Array.from(choice.medoids);
}
