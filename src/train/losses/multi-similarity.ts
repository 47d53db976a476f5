import { z } from 'zod';
import { logSumExp } from '../../math/log-sum-exp.js';
import { dotProducts, gradientOfDotProducts } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  alpha: z.number().gt(0).default(2).describe('α: sharpness for positives'),
  beta: z.number().gt(0).default(50).describe('β: sharpness for negatives'),
  base: z
    .number()
    .min(-1)
    .max(1)
    .default(0.5)
    .describe(
      "λ: similarity to pull positives above and push negatives below; the authors' code has 0.5, the paper 1",
    ),
  epsilon: z
    .number()
    .min(0)
    .max(2)
    .default(0.1)
    .describe('ε: how much easier than the hardest of the other kind a pair may be and still count'),
});

/**
 * Multi-similarity loss (Wang, Han, Huang, Dong, Scott, CVPR 2019), eq. 15 over the pairs mined by eq. 11 and 12, with
 * S_ij = f_i·f_j of unit vectors:
 *   ℓ = 1/m Σ_i { 1/α log( 1 + Σ_{k∈P_i} exp(−α(S_ik − λ)) ) + 1/β log( 1 + Σ_{k∈N_i} exp(β(S_ik − λ)) ) }
 *   N_i: negatives with S_ik > min over positives of S_i − ε;  P_i: positives with S_ik < max over negatives of S_i + ε
 * Which pairs count is a constant of the gradient. No deviation but the default of λ.
 *
 * An anchor without a positive, or without a negative, has neither N_i nor P_i; so in a batch of one class or of
 * distinct ones ℓ = 0. Embeddings that coincide have similarity 1 like any other.
 */
export const multiSimilarity = defineLoss({
  name: 'multi-similarity',
  summary: 'mined pairs, weighted by self- and relative similarity (Wang et al. 2019, eq. 15)',
  options,
  terms: {
    positive: 'what positives add to ℓ',
    negative: 'what negatives add to ℓ',
  },
  create: ({ alpha, beta, base, epsilon }) => ({
    normalised: true,
    evaluate(batch, labels): LossResult {
      const { count } = batch;
      const similarities = dotProducts(batch, batch);
      const slopes = new Float64Array(count * count);
      const images = Array.from({ length: count }, (_, i) => i);

      /** 1/sharpness · log(1 + Σ exp(sharpness · sign · (S − λ))) over one kind of pairs of anchor i. */
      const part = (i: number, others: readonly number[], [sign, sharpness]: readonly [number, number]) => {
        const exponents = others.map(k => sign * sharpness * (similarities[i * count + k] - base));
        const { value, weights } = logSumExp([0, ...exponents]);
        for (const [position, k] of others.entries()) {
          slopes[i * count + k] += (sign * weights[position + 1]) / count;
        }
        return value / sharpness / count;
      };

      let positive = 0;
      let negative = 0;
      for (const i of images) {
        const similarity = (k: number): number => similarities[i * count + k];
        const positives = images.filter(k => k !== i && labels[k] === labels[i]);
        const negatives = images.filter(k => labels[k] !== labels[i]);
        const farthest = Math.min(...positives.map(similarity));
        const nearest = Math.max(...negatives.map(similarity));
        const hardPositives = positives.filter(k => similarity(k) < nearest + epsilon);
        const hardNegatives = negatives.filter(k => similarity(k) > farthest - epsilon);
        positive += part(i, hardPositives, [-1, alpha]);
        negative += part(i, hardNegatives, [1, beta]);
      }
      return {
        value: positive + negative,
        gradient: gradientOfDotProducts(batch, slopes),
        terms: { positive, negative },
      };
    },
  }),
});
