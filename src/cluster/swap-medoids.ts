import type { DistanceMatrix } from '../math/facility-location.js';
import type { TakeTurn } from '../take-turns.js';

const mostSweeps = 100;
/** Of the cost: less is rounding, and might be swapped to and fro. */
const leastGain = 1e-12;

/** Two nearest medoids of each point, as positions in `medoids`, and how far they are: [count] each. */
class NearestTwo {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstDistance: Float64Array;
  readonly secondDistance: Float64Array;

  constructor(
    private readonly matrix: DistanceMatrix,
    private readonly medoids: Int32Array,
  ) {
    const { count } = matrix;
    [this.first, this.second] = [new Int32Array(count), new Int32Array(count)];
    [this.firstDistance, this.secondDistance] = [new Float64Array(count), new Float64Array(count)];
    for (let i = 0; i < count; i++) this.findAgain(i);
  }

  /** After the medoid at `position` has become another point. */
  replace(position: number): void {
    const { matrix, medoids, first, second } = this;
    for (let i = 0; i < matrix.count; i++) {
      const distance = matrix.distances[medoids[position] * matrix.count + i];
      if (first[i] === position || second[i] === position) this.findAgain(i);
      else this.consider(i, position, distance);
    }
  }

  private findAgain(i: number): void {
    const { distances, count } = this.matrix;
    this.firstDistance[i] = Number.POSITIVE_INFINITY;
    this.secondDistance[i] = Number.POSITIVE_INFINITY;
    for (let m = 0; m < this.medoids.length; m++) this.consider(i, m, distances[i * count + this.medoids[m]]);
  }

  private consider(i: number, position: number, distance: number): void {
    if (distance < this.firstDistance[i]) {
      this.second[i] = this.first[i];
      this.secondDistance[i] = this.firstDistance[i];
      this.first[i] = position;
      this.firstDistance[i] = distance;
    } else if (distance < this.secondDistance[i]) {
      this.second[i] = position;
      this.secondDistance[i] = distance;
    }
  }
}

/**
 * PAM's swaps, each as soon as it is found (FasterPAM; Schubert, Rousseeuw 2021): a point takes the place of the medoid
 * for which the sum of distances to the nearest medoid shrinks most, until no swap of any point with any medoid shrinks
 * it. One pass over the points a candidate tells what every swap with it would change, since a point that loses its
 * medoid goes to its second nearest or to the candidate.
 * @param medoids distinct points, changed in place
 */
export async function swapMedoids(
  matrix: DistanceMatrix,
  medoids: Int32Array,
  takeTurn: TakeTurn,
): Promise<void> {
  const { distances, count } = matrix;
  // One medoid, or all points: greedy is the best there is.
  if (medoids.length < 2 || medoids.length === count) return;
  const near = new NearestTwo(matrix, medoids);
  const isMedoid = new Uint8Array(count);
  for (const medoid of medoids) isMedoid[medoid] = 1;
  const changes = new Float64Array(medoids.length);

  /** Change of the sum by the best swap with `candidate`, and the position of the medoid that would go. */
  const bestSwap = (candidate: number): { change: number; position: number } => {
    const { first, firstDistance, secondDistance } = near;
    changes.fill(0);
    let gain = 0;
    for (let i = 0; i < count; i++) {
      const distance = distances[candidate * count + i];
      if (distance < firstDistance[i]) gain += firstDistance[i] - distance;
      else changes[first[i]] += Math.min(distance, secondDistance[i]) - firstDistance[i];
    }
    let position = 0;
    for (let m = 1; m < changes.length; m++) if (changes[m] < changes[position]) position = m;
    return { change: changes[position] - gain, position };
  };

  let cost = near.firstDistance.reduce((sum, distance) => sum + distance, 0);
  for (let sweep = 0, quiet = 0; sweep < mostSweeps; sweep++) {
    for (let candidate = 0; candidate < count; candidate++) {
      if (quiet++ === count) return;
      if (isMedoid[candidate] === 1) continue;
      await takeTurn();
      const { change, position } = bestSwap(candidate);
      if (!(change < -leastGain * cost)) continue;
      isMedoid[medoids[position]] = 0;
      isMedoid[candidate] = 1;
      medoids[position] = candidate;
      near.replace(position);
      cost += change;
      quiet = 0;
    }
  }
}
