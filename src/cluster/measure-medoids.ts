import type { TakeTurn } from '../take-turns.js';
import type { MedoidCurve } from './choose-count.js';
import type { DistanceRows } from './distance-rows.js';

/** Distances of each point to the two nearest of the medoids given so far: [count] each. */
class NearestDistances {
  private readonly first: Float32Array;
  private readonly second: Float32Array;
  private readonly isMedoid: Uint8Array;

  constructor(count: number) {
    this.first = new Float32Array(count).fill(Number.POSITIVE_INFINITY);
    this.second = new Float32Array(count).fill(Number.POSITIVE_INFINITY);
    this.isMedoid = new Uint8Array(count);
  }

  /** @param distances of the medoid to all: [count] */
  add(medoid: number, distances: Float32Array): void {
    const { first, second } = this;
    this.isMedoid[medoid] = 1;
    for (let i = 0; i < distances.length; i++) {
      const distance = distances[i];
      if (distance < first[i]) {
        second[i] = first[i];
        first[i] = distance;
      } else if (distance < second[i]) second[i] = distance;
    }
  }

  get energy(): number {
    return this.first.reduce((sum, distance) => sum + distance, 0);
  }

  get silhouette(): number {
    const { first, second, isMedoid } = this;
    let sum = 0;
    for (let i = 0; i < first.length; i++) {
      // With one medoid there is no second; a point that two medoids equal is of neither.
      if (isMedoid[i] === 1 || second[i] === 0 || second[i] === Number.POSITIVE_INFINITY) continue;
      sum += 1 - first[i] / second[i];
    }
    return sum / first.length;
  }
}

/**
 * Energy and silhouette of the first medoid, of the first two, and so on: one row of distances a medoid.
 * @param medoids in the order in which they were chosen
 */
export async function measureMedoids(
  medoids: Int32Array,
  { rows, takeTurn }: { readonly rows: DistanceRows; readonly takeTurn: TakeTurn },
): Promise<MedoidCurve> {
  const [energies, silhouettes] = [new Float64Array(medoids.length), new Float64Array(medoids.length)];
  const nearest = new NearestDistances(rows.count);
  for (const [at, medoid] of medoids.entries()) {
    await takeTurn();
    nearest.add(medoid, rows.rowOf(medoid));
    energies[at] = nearest.energy;
    silhouettes[at] = nearest.silhouette;
  }
  return { energies, silhouettes };
}
