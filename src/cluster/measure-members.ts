import { DistanceScreen, queriesAtOnce } from '../math/distance-screen.js';
import type { VectorBlock } from '../math/vectors.js';
import type { TakeTurn } from '../take-turns.js';
import { PointDistances } from './point-distances.js';

/** Of each point: [count] each. */
export interface MemberMeasures {
  /** To the medoid of its own cluster. */
  readonly distances: Float32Array;
  /**
   * Medoid silhouette: (b − a) / max(a, b), a the distance to its own medoid and b that to the nearest other one (Van der
   * Laan, Pollard, Bryan 2003), which is 1 − d₁/d₂ of the two nearest where its own is the nearest (Lenssen, Schubert
   * 2022): 1 is its medoid, 0 as near to another. 0 where both distances are 0, and NaN with one cluster.
   */
  readonly silhouettes: Float32Array;
}

const silhouetteOf = (own: number, other: number): number => {
  if (other === Number.POSITIVE_INFINITY) return Number.NaN;
  const greater = Math.max(own, other);
  return greater === 0 ? 0 : (other - own) / greater;
};

/**
 * What each point has to do with its cluster. Compares every point with every medoid.
 * @param medoids a point for each cluster: [clusters] @param assignment cluster of each point: [count]
 */
export async function measureMembers(
  block: VectorBlock,
  { medoids, assignment }: { readonly medoids: Int32Array; readonly assignment: Int32Array },
  takeTurn: TakeTurn,
): Promise<MemberMeasures> {
  const { data, count, dimension } = block;
  const points = new PointDistances(block);
  const [distances, silhouettes] = [new Float32Array(count), new Float32Array(count)];
  const atOnce = queriesAtOnce(medoids.length, dimension);
  const screen = new DistanceScreen(dimension, medoids.length, atOnce);
  screen.load({ data, dimension, rows: medoids });
  for (let start = 0; start < count; start += atOnce) {
    await takeTurn();
    const rows = Int32Array.from({ length: Math.min(atOnce, count - start) }, (_, slot) => start + slot);
    const answerTo = screen.askTogether({ data, dimension, rows });
    for (const [slot, i] of rows.entries()) {
      const { products } = answerTo(slot);
      let other = Number.POSITIVE_INFINITY;
      for (const [cluster, medoid] of medoids.entries()) {
        const distance = points.between(i, medoid, products[cluster]);
        if (cluster === assignment[i]) distances[i] = distance;
        else other = Math.min(other, distance);
      }
      silhouettes[i] = silhouetteOf(distances[i], other);
    }
  }
  return { distances, silhouettes };
}
