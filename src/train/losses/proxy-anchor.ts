import { z } from 'zod';
import { logSumExp } from '../../math/log-sum-exp.js';
import { classCosines } from './class-cosines.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  alpha: z.number().gt(0).default(32).describe('α: sharpness'),
  margin: z.number().min(0).max(1).default(0.1).describe('δ: margin on either side, in cosine'),
  learningRateFactor: z
    .number()
    .gt(0)
    .default(1)
    .describe("learning rate of the proxies as a multiple of the network's"),
});

/**
 * Proxy-anchor loss (Kim, Kim, Cho, Kwak, CVPR 2020), eq. 4, with a learnt proxy p for each training class,
 * s = cosine, X⁺ and X⁻ the images of the batch that are and are not of the class of p:
 *   ℓ = 1/|P⁺| Σ_{p∈P⁺} log( 1 + Σ_{x∈X⁺} exp(−α(s(x,p) − δ)) ) + 1/|P| Σ_{p∈P} log( 1 + Σ_{x∈X⁻} exp(α(s(x,p) + δ)) )
 * P: all proxies, P⁺: those with an image in the batch. Deviation: proxies learn at the network's rate by default; the
 * paper's factor of 100 goes with a network rate of 10⁻⁴ and comes to the same.
 *
 * Proxies stand in for pairs, so every batch has a value: one class, distinct classes, coinciding embeddings alike.
 */
export const proxyAnchor = defineLoss({
  name: 'proxy-anchor',
  summary: 'a learnt proxy a class, each against the whole batch (Kim et al. 2020, eq. 4)',
  options,
  terms: {
    positive: 'what images add to ℓ by being far from the proxy of their class',
    negative: 'what they add by being near to others',
  },
  create: ({ alpha, margin, learningRateFactor }) => ({
    normalised: true,
    classVectors: { learningRateFactor },
    evaluate(batch, labels, context): LossResult {
      const { cosines, classes, gradients } = classCosines(batch, context);
      const slopes = new Float64Array(cosines.length);
      const images = Array.from({ length: batch.count }, (_, i) => i);

      /** log(1 + Σ exp(sign · α · (s + sign · δ))) over some images of proxy p, times its share of ℓ. */
      const part = (p: number, of: readonly number[], [sign, share]: readonly [number, number]): number => {
        const exponents = of.map(i => sign * alpha * (cosines[i * classes + p] + sign * margin));
        const { value, weights } = logSumExp([0, ...exponents]);
        for (const [k, i] of of.entries()) slopes[i * classes + p] += share * sign * alpha * weights[k + 1];
        return share * value;
      };

      const present = new Set(images.map(i => labels[i])).size;
      let positive = 0;
      let negative = 0;
      for (let p = 0; p < classes; p++) {
        positive += part(
          p,
          images.filter(i => labels[i] === p),
          [-1, 1 / present],
        );
        negative += part(
          p,
          images.filter(i => labels[i] !== p),
          [1, 1 / classes],
        );
      }
      return { value: positive + negative, ...gradients(slopes), terms: { positive, negative } };
    },
  }),
});
