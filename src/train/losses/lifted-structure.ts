import { z } from 'zod';
import { pairwiseDistances } from '../../math/facility-location.js';
import { hardMaximum, logSumExp } from '../../math/log-sum-exp.js';
import { gradientOfDistances } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  margin: z.number().gt(0).default(1).describe('α: how much farther a negative should be than a positive'),
  variant: z
    .enum(['exact', 'smooth'])
    .default('smooth')
    .describe(
      '`exact`: each positive pair against its nearest negative (eq. 3); `smooth`: against all (eq. 4)',
    ),
});

/**
 * Lifted structure (Song, Xiang, Jegelka, Savarese, CVPR 2016; eq. 3 and 4 of Song et al. 2017):
 *   ℓ = 1/(2|P|) Σ_{(i,j)∈P} max(0, J_ij)²
 *   exact:  J_ij = max( max_{(i,k)∈N} α − D_ik, max_{(j,l)∈N} α − D_jl ) + D_ij
 *   smooth: J_ij = log( Σ_{(i,k)∈N} exp(α − D_ik) + Σ_{(j,l)∈N} exp(α − D_jl) ) + D_ij
 * P: the positive pairs of the batch, N: the negative ones. No deviation.
 *
 * Without a positive pair or without a negative, hence in a batch of one class or of distinct ones, ℓ = 0 (the maximum
 * of nothing is −∞). Embeddings that coincide have the gradient 0 between them.
 */
export const liftedStructure = defineLoss({
  name: 'lifted-structure',
  summary: 'each positive pair against all negatives of both its images (Song et al. 2016; eq. 3, 4)',
  options,
  terms: { active: 'share of the positive pairs that add to ℓ' },
  create: ({ margin, variant }) => {
    const maximum = variant === 'exact' ? hardMaximum : logSumExp;
    return {
      normalised: true,
      evaluate(batch, labels): LossResult {
        const matrix = pairwiseDistances(batch);
        const { distances, count } = matrix;
        const images = Array.from({ length: count }, (_, i) => i);
        const negatives = images.map(i => images.filter(k => labels[k] !== labels[i]));
        // One maximum an image, shared by all of its pairs: the maximum of two of them is the maximum over both.
        const nearness = images.map(i => maximum(negatives[i].map(k => margin - distances[i * count + k])));
        const slopes = new Float64Array(count * count);
        const pushes = new Float64Array(count); // ∂Σ½[J]₊²/∂nearness
        let pairs = 0;
        let active = 0;
        let sum = 0;
        for (let i = 0; i < count; i++) {
          for (let j = i + 1; j < count; j++) {
            if (labels[i] !== labels[j]) continue;
            pairs++;
            const both = maximum([nearness[i].value, nearness[j].value]);
            const violation = both.value + distances[i * count + j];
            if (violation <= 0) continue;
            active++;
            sum += violation ** 2 / 2;
            slopes[i * count + j] += violation;
            pushes[i] += violation * both.weights[0];
            pushes[j] += violation * both.weights[1];
          }
        }
        for (const i of images) {
          for (const [position, k] of negatives[i].entries()) {
            slopes[i * count + k] -= pushes[i] * nearness[i].weights[position];
          }
        }
        const share = 1 / Math.max(1, pairs);
        return {
          value: share * sum,
          gradient: gradientOfDistances(
            batch,
            matrix,
            slopes.map(slope => share * slope),
          ),
          terms: { active: share * active },
        };
      },
    };
  },
});
