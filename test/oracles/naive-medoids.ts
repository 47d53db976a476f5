import { type DistanceMatrix, facilityEnergy } from '../../src/math/facility-location.js';

const pointsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function choicesOf(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const heads = Array.from({ length: count - from }, (_, i) => from + i);
  return heads.flatMap(head => choicesOf(count, size - 1, head + 1).map(rest => [head, ...rest]));
}

/** F of the best medoids there are. */
export const bestEnergy = (matrix: DistanceMatrix, clusters: number): number =>
  Math.max(...choicesOf(matrix.count, clusters).map(chosen => facilityEnergy(matrix, chosen)));

/** Greedy that asks every point every time, and of equals takes the lowest; ends where none gains more than `leastGain`. */
export function naiveGreedy(
  { distances, count }: DistanceMatrix,
  clusters: number,
  leastGain = -1,
): number[] {
  const points = pointsOf(count);
  const costs = points.map(j => points.reduce((sum, i) => sum + distances[j * count + i], 0));
  const medoids = [costs.indexOf(Math.min(...costs))];
  while (medoids.length < clusters) {
    const nearest = points.map(i => Math.min(...medoids.map(j => distances[j * count + i])));
    const gains = points.map(j =>
      medoids.includes(j)
        ? -1
        : points.reduce((sum, i) => sum + Math.max(0, nearest[i] - distances[j * count + i]), 0),
    );
    const most = Math.max(...gains);
    if (most <= leastGain) break;
    medoids.push(gains.indexOf(most));
  }
  return medoids;
}

/** Eager swaps, the energy of each counted from nothing: a candidate takes the place where that is best, if it is better. */
export function naiveSwaps(matrix: DistanceMatrix, start: readonly number[]): number[] {
  let medoids = [...start];
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const candidate of pointsOf(matrix.count)) {
      if (medoids.includes(candidate)) continue;
      const swapped = medoids.map((_, position) => medoids.with(position, candidate));
      const energies = swapped.map(chosen => facilityEnergy(matrix, chosen));
      const best = Math.max(...energies);
      if (!(best > facilityEnergy(matrix, medoids) + 1e-9)) continue;
      medoids = swapped[energies.indexOf(best)];
      isBetter = true;
    }
  }
  return medoids;
}

/** Mean of 1 − d₁/d₂ over all points, those that are medoids counting 0; 0 with one medoid. */
export function naiveSilhouette({ distances, count }: DistanceMatrix, medoids: readonly number[]): number {
  const shares = pointsOf(count).map(i => {
    const [first, second = 0] = medoids.map(j => distances[j * count + i]).sort((a, b) => a - b);
    return medoids.includes(i) || second === 0 ? 0 : 1 - first / second;
  });
  return shares.reduce((sum, share) => sum + share, 0) / count;
}

/** The first of the medoids, the first two, and so on. */
const prefixesOf = (medoids: readonly number[]): number[][] =>
  medoids.map((_, at) => medoids.slice(0, at + 1));

/** The number at which the curve of energies is farthest below its chord, by the area of the triangle with its ends. */
export function naiveElbow(matrix: DistanceMatrix, medoids: readonly number[]): number {
  const energies = prefixesOf(medoids).map(chosen => -facilityEnergy(matrix, chosen));
  const [first, last] = [energies[0], energies[energies.length - 1]];
  const run = energies.length - 1;
  const areas = energies.map((energy, at) => (first - energy) * run - (first - last) * at);
  const greatest = Math.max(...areas);
  // Apart from rounding, of equals the least.
  return 1 + areas.findIndex(area => area >= greatest - 1e-9 * Math.abs(first * run));
}

export function naiveBySilhouette(matrix: DistanceMatrix, medoids: readonly number[]): number {
  const silhouettes = prefixesOf(medoids).map(chosen => naiveSilhouette(matrix, chosen));
  return 1 + silhouettes.findIndex(silhouette => silhouette >= Math.max(...silhouettes) - 1e-9);
}
