import {
  assignToMedoids,
  type DenseLabels,
  type DistanceMatrix,
  facilityEnergy,
} from '../../src/math/facility-location.js';
import type { InferenceOptions } from '../../src/math/loss-augmented-inference.js';
import type { MarginName } from '../../src/math/margins/index.js';
import { naiveIndex } from './naive-agreement.js';

/** The paper's algorithms as written, everything recomputed for every candidate. The oracle, and the bench's yardstick. */

/** Δ of eq. 8: 1 − an index of agreement, which counts as 0 when it is below chance. */
export const naiveMargin = (
  assignment: ArrayLike<number>,
  { labels }: DenseLabels,
  name: MarginName = 'nmi',
): number => 1 - Math.max(0, naiveIndex(name, assignment, labels));

interface Weighted {
  readonly gamma: number;
  readonly margin?: MarginName | undefined;
}

export const naiveObjective = (
  matrix: DistanceMatrix,
  truth: DenseLabels,
  { medoids, gamma, margin }: Weighted & { medoids: readonly number[] },
): number =>
  facilityEnergy(matrix, medoids) +
  (gamma === 0 ? 0 : gamma * naiveMargin(assignToMedoids(matrix, medoids), truth, margin));

/** Values this close are ties, which go to the lowest index. */
const improves = (value: number, best: number): boolean => value > best + 1e-10 * (1 + Math.abs(best));

function naiveGreedy(matrix: DistanceMatrix, truth: DenseLabels, weighted: Weighted): number[] {
  const medoids: number[] = [];
  while (medoids.length < truth.classes) {
    let best = Number.NEGATIVE_INFINITY;
    let chosen = -1;
    for (let j = 0; j < matrix.count; j++) {
      if (medoids.includes(j)) continue;
      const value = naiveObjective(matrix, truth, { medoids: [...medoids, j], ...weighted });
      if (chosen < 0 || improves(value, best)) {
        best = value;
        chosen = j;
      }
    }
    medoids.push(chosen);
  }
  return medoids;
}

function naiveSweep(
  matrix: DistanceMatrix,
  truth: DenseLabels,
  { medoids, gamma, margin }: Weighted & { medoids: number[] },
): boolean {
  const assignment = assignToMedoids(matrix, medoids);
  const before = medoids.join();
  for (let k = 0; k < medoids.length; k++) {
    let best = Number.NEGATIVE_INFINITY;
    let chosen = -1;
    for (let j = 0; j < matrix.count; j++) {
      if (assignment[j] !== k) continue;
      let value = 0;
      for (let i = 0; i < matrix.count; i++) {
        if (assignment[i] === k) value -= matrix.distances[i * matrix.count + j];
      }
      const swapped = medoids.with(k, j);
      if (gamma > 0) value += gamma * naiveMargin(assignToMedoids(matrix, swapped), truth, margin);
      if (chosen < 0 || improves(value, best)) {
        best = value;
        chosen = j;
      }
    }
    medoids[k] = chosen;
  }
  return medoids.join() !== before;
}

export function naiveAugmentedClustering(
  matrix: DistanceMatrix,
  truth: DenseLabels,
  { gamma, pamSweeps, margin }: InferenceOptions,
): { medoids: number[]; objective: number } {
  const medoids = naiveGreedy(matrix, truth, { gamma, margin });
  for (let sweep = 0; sweep < pamSweeps; sweep++)
    if (!naiveSweep(matrix, truth, { medoids, gamma, margin })) break;
  return { medoids, objective: naiveObjective(matrix, truth, { medoids, gamma, margin }) };
}

/** The true maximum of F + γΔ over all S of the right size. */
export function bruteForceClustering(matrix: DistanceMatrix, truth: DenseLabels, gamma: number): number {
  let best = Number.NEGATIVE_INFINITY;
  const extend = (medoids: number[], from: number): void => {
    if (medoids.length === truth.classes) {
      best = Math.max(best, naiveObjective(matrix, truth, { medoids, gamma }));
      return;
    }
    for (let j = from; j < matrix.count; j++) extend([...medoids, j], j + 1);
  };
  extend([], 0);
  return best;
}
