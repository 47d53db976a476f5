import {
  assignToMedoids,
  type DenseLabels,
  type DistanceMatrix,
  facilityEnergy,
} from '../../src/math/facility-location.js';
import type { InferenceOptions } from '../../src/math/loss-augmented-inference.js';

/** The paper's algorithms as written, everything recomputed for every candidate. The oracle, and the bench's yardstick. */

/** 1 − NMI (eq. 8, 9) from a contingency table built anew. */
export function naiveMargin(assignment: ArrayLike<number>, { labels }: DenseLabels): number {
  const count = labels.length;
  const joint = new Map<string, number>();
  const clusters = new Map<number, number>();
  const classes = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const key = `${assignment[i]},${labels[i]}`;
    joint.set(key, (joint.get(key) ?? 0) + 1);
    clusters.set(assignment[i], (clusters.get(assignment[i]) ?? 0) + 1);
    classes.set(labels[i], (classes.get(labels[i]) ?? 0) + 1);
  }
  if (clusters.size === 1 || classes.size === 1) return clusters.size === classes.size ? 0 : 1;
  let information = 0;
  for (const [key, n] of joint) {
    const [c, k] = key.split(',').map(Number);
    const expected = ((clusters.get(c) as number) * (classes.get(k) as number)) / count;
    information += (n / count) * Math.log(n / expected);
  }
  const entropy = (sizes: Map<number, number>): number =>
    [...sizes.values()].reduce((sum, n) => sum - (n / count) * Math.log(n / count), 0);
  return 1 - information / Math.sqrt(entropy(clusters) * entropy(classes));
}

export const naiveObjective = (
  matrix: DistanceMatrix,
  truth: DenseLabels,
  { medoids, gamma }: { medoids: readonly number[]; gamma: number },
): number =>
  facilityEnergy(matrix, medoids) +
  (gamma === 0 ? 0 : gamma * naiveMargin(assignToMedoids(matrix, medoids), truth));

/** Values this close are ties, which go to the lowest index. */
const improves = (value: number, best: number): boolean => value > best + 1e-10 * (1 + Math.abs(best));

function naiveGreedy(matrix: DistanceMatrix, truth: DenseLabels, gamma: number): number[] {
  const medoids: number[] = [];
  while (medoids.length < truth.classes) {
    let best = Number.NEGATIVE_INFINITY;
    let chosen = -1;
    for (let j = 0; j < matrix.count; j++) {
      if (medoids.includes(j)) continue;
      const value = naiveObjective(matrix, truth, { medoids: [...medoids, j], gamma });
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
  { medoids, gamma }: { medoids: number[]; gamma: number },
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
      if (gamma > 0) value += gamma * naiveMargin(assignToMedoids(matrix, swapped), truth);
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
  { gamma, pamSweeps }: InferenceOptions,
): { medoids: number[]; objective: number } {
  const medoids = naiveGreedy(matrix, truth, gamma);
  for (let sweep = 0; sweep < pamSweeps; sweep++) if (!naiveSweep(matrix, truth, { medoids, gamma })) break;
  return { medoids, objective: naiveObjective(matrix, truth, { medoids, gamma }) };
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
