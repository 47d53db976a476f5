import { z } from 'zod';
import { denseLabels, oracleClustering, pairwiseDistances } from '../../math/facility-location.js';
import { inferAugmentedClustering } from '../../math/loss-augmented-inference.js';
import type { VectorBlock } from '../../math/vectors.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  /** Weight of the margin Δ = 1 − NMI in the first epoch. */
  gamma: z.number().min(0).default(1),
  /** `sample`: γ is multiplied by the batch size, as F grows with it; `batch`: γ as it is, the paper's. */
  gammaPer: z.enum(['sample', 'batch']).default('sample'),
  /** γ of epoch e is gamma · gammaDecay^e. */
  gammaDecay: z.number().gt(0).max(1).default(0.94),
  /** Most PAM sweeps of the inference; 0 = greedy only. */
  pamSweeps: z.int().min(0).max(50).default(5),
});

/** ℓ is a sum of distances to medoids: each pair (point, medoid) pulls or pushes along its own line. */
function addDistanceGradient(
  { data, dimension }: VectorBlock,
  gradient: Float32Array,
  [point, medoid, sign, distance]: readonly [number, number, number, number],
): void {
  // At distance 0 the subgradient 0 is taken: equal embeddings stay finite.
  if (distance === 0) return;
  const a = point * dimension;
  const b = medoid * dimension;
  const scale = sign / distance;
  for (let d = 0; d < dimension; d++) {
    const step = scale * (data[a + d] - data[b + d]);
    gradient[a + d] += step;
    gradient[b + d] -= step;
  }
}

/**
 * Facility location (Song, Jegelka, Rathod, Murphy, CVPR 2017), eq. 6:
 *   ℓ = [ max_{|S|=|Y|} { F(X, S) + γ Δ(g(S), y*) } − F̃(X, y*) ]₊
 * with F of eq. 4 (a sum over the batch of unsquared distances), F̃ of eq. 5 and Δ = 1 − NMI of eq. 8, 9. The maximum
 * is approached by greedy + PAM; S and NMI are constants of the gradient, eq. 11: 1[ℓ>0] (∇F(X, S_PAM) − ∇F̃).
 * A batch of one class, or of classes that are all distinct, has ℓ = 0.
 */
export const facilityLocation = defineLoss({
  name: 'facility-location',
  options,
  create: ({ gamma, gammaPer, gammaDecay, pamSweeps }) => ({
    normalised: true,
    evaluate(batch, labels, epoch): LossResult {
      const matrix = pairwiseDistances(batch);
      const truth = denseLabels(labels);
      const scale = gammaPer === 'sample' ? batch.count : 1;
      const weight = gamma * gammaDecay ** epoch * scale;
      const oracle = oracleClustering(matrix, truth);
      const found = inferAugmentedClustering(matrix, truth, { gamma: weight, pamSweeps });
      const value = Math.max(0, found.objective - oracle.energy);
      const gradient = new Float32Array(batch.data.length);
      if (value > 0) {
        for (let i = 0; i < batch.count; i++) {
          const nearest = found.medoids[found.assignment[i]];
          const own = oracle.medoids[truth.labels[i]];
          // ∂F = −∂D to the medoid found, −∂F̃ = +∂D to the medoid of the own class.
          addDistanceGradient(batch, gradient, [i, nearest, -1, matrix.distances[i * batch.count + nearest]]);
          addDistanceGradient(batch, gradient, [i, own, 1, matrix.distances[i * batch.count + own]]);
        }
      }
      const terms = {
        energy: found.energy,
        oracleEnergy: oracle.energy,
        margin: found.margin,
        nmi: 1 - found.margin,
        gamma: weight,
      };
      return { value, gradient, terms };
    },
  }),
});
