import { z } from 'zod';
import {
  type DenseLabels,
  denseLabels,
  oracleClustering,
  pairwiseDistances,
} from '../../math/facility-location.js';
import { inferAugmentedClustering } from '../../math/loss-augmented-inference.js';
import { margins } from '../../math/margins/index.js';
import type { VectorBlock } from '../../math/vectors.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  margin: z
    .enum(['nmi', 'ami', 'ari', 'v-measure', 'none'])
    .default('nmi')
    .describe('Δ is 1 − this index of agreement of clusters and classes; `none`: plain clustering, γ = 0'),
  gamma: z.number().min(0).default(1).describe('weight γ of the margin Δ in the first epoch'),
  gammaPer: z
    .enum(['sample', 'batch'])
    .default('sample')
    .describe("`sample`: γ times the batch size, as F grows with it; `batch`: as it is, the paper's"),
  gammaDecay: z
    .number()
    .gt(0)
    .max(1)
    .default(0.94)
    .describe('γ of epoch e is gamma · gammaDecay^e, e from 0'),
  pamSweeps: z.int().min(0).max(50).default(5).describe('most PAM sweeps of the inference; 0 = greedy only'),
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

function nmiMarginOf(assignment: Int32Array, truth: DenseLabels): number {
  const margin = new margins.nmi(truth, truth.classes);
  margin.reset(assignment);
  return margin.value();
}

/**
 * Facility location (Song, Jegelka, Rathod, Murphy, CVPR 2017), eq. 6:
 *   ℓ = [ max_{|S|=|Y|} { F(X, S) + γ Δ(g(S), y*) } − F̃(X, y*) ]₊
 * with F of eq. 4 (a sum over the batch of unsquared distances), F̃ of eq. 5 and Δ = 1 − NMI of eq. 8, 9, or another
 * index. The maximum is approached by greedy + PAM; S and Δ are constants of the gradient, eq. 11:
 * 1[ℓ>0] (∇F(X, S_PAM) − ∇F̃). Deviations by default: γ times the batch size, and its decay.
 *
 * A batch of one class, or of classes that are all distinct, has ℓ = 0. Embeddings that coincide have the gradient 0
 * between them; where all do, ℓ = γΔ of clusters that nothing but ties decides. Ties go to the lowest index, and two
 * points that make up a cluster always tie for its medoid: then ℓ can depend on the order of the batch.
 */
export const facilityLocation = defineLoss({
  name: 'facility-location',
  summary: 'clusters the batch as badly as it can and compares with the classes (Song et al. 2017, eq. 6)',
  options,
  terms: {
    energy: 'F(X, S) of the clustering found: minus the sum of distances to its medoids',
    oracleEnergy: 'F̃: the same with the true classes; rises towards 0 as classes tighten',
    margin: 'Δ of that clustering',
    nmi: 'its NMI, geometric; 1 − Δ if that is the margin',
    gamma: 'γ as it was used',
  },
  create: ({ margin, gamma, gammaPer, gammaDecay, pamSweeps }) => ({
    normalised: true,
    evaluate(batch, labels, { epoch }): LossResult {
      const matrix = pairwiseDistances(batch);
      const truth = denseLabels(labels);
      const scale = gammaPer === 'sample' ? batch.count : 1;
      const weight = margin === 'none' ? 0 : gamma * gammaDecay ** epoch * scale;
      const index = margin === 'none' ? 'nmi' : margin;
      const oracle = oracleClustering(matrix, truth);
      const found = inferAugmentedClustering(matrix, truth, { gamma: weight, pamSweeps, margin: index });
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
        nmi: 1 - (index === 'nmi' ? found.margin : nmiMarginOf(found.assignment, truth)),
        gamma: weight,
      };
      return { value, gradient, terms };
    },
  }),
});
