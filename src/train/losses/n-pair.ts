import { z } from 'zod';
import { logSumExp } from '../../math/log-sum-exp.js';
import { dotProducts, gradientOfDotProducts } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  regularisation: z
    .number()
    .min(0)
    .default(0.002)
    .describe('weight of ¼ · mean ‖f‖², which keeps the embeddings short'),
});

/** The first two images of each class that has two: anchor and positive. */
function pairsOf(labels: ArrayLike<number>): (readonly [anchor: number, positive: number])[] {
  const images = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const known = images.get(labels[i]);
    if (known === undefined) images.set(labels[i], [i]);
    else known.push(i);
  }
  return [...images.values()]
    .filter(({ length }) => length > 1)
    .map(([anchor, positive]) => [anchor, positive]);
}

/**
 * Multi-class N-pair loss (Sohn, NIPS 2016, eq. 7) over N pairs (f_i, f_i⁺), one a class, of embeddings that are not
 * normalised:
 *   ℓ = 1/N Σ_i log( 1 + Σ_{j≠i} exp(f_i·f_j⁺ − f_i·f_i⁺) ) + λ/4 · 1/m Σ ‖f‖²
 * In a batch that is not of pairs, the first two images of a class are its pair and the others count in the regulariser
 * only; `--sampler n-pair` makes batches of pairs. Deviation: the regulariser is a mean over the m images, not the sum
 * of a mean over anchors and one over positives, which is twice that. Behind a head that normalises each dimension
 * (docs/decisions/0003) mean ‖f‖² is the dimension whatever the weights, and the regulariser as good as constant.
 *
 * Without a positive pair only the regulariser is left, and so it is with a single pair, which has no negative; hence
 * also in a batch of one class or of distinct ones. Where all embeddings coincide the first part is log N.
 */
export const nPair = defineLoss({
  name: 'n-pair',
  summary: 'softmax of each anchor over the positives of all classes, not normalised (Sohn 2016, eq. 7)',
  options,
  terms: {
    pairs: 'N, pairs in the batch',
    regulariser: 'what the length of the embeddings adds to ℓ',
  },
  create: ({ regularisation }) => ({
    normalised: false,
    evaluate(batch, labels): LossResult {
      const { count } = batch;
      const products = dotProducts(batch, batch);
      const pairs = pairsOf(labels);
      const share = 1 / Math.max(1, pairs.length);
      const slopes = new Float64Array(count * count);
      let sum = 0;
      for (const [position, [anchor, positive]] of pairs.entries()) {
        const row = anchor * count;
        // log(1 + Σ exp(z_j − z_i)) = log Σ exp(z) − z_i
        const softmax = logSumExp(pairs.map(([, other]) => products[row + other]));
        sum += softmax.value - products[row + positive];
        for (const [k, [, other]] of pairs.entries()) {
          slopes[row + other] += share * (softmax.weights[k] - (k === position ? 1 : 0));
        }
      }
      const weight = regularisation / 4 / count;
      let regulariser = 0;
      for (let i = 0; i < count; i++) {
        regulariser += weight * products[i * count + i];
        slopes[i * count + i] += weight;
      }
      return {
        value: share * sum + regulariser,
        gradient: gradientOfDotProducts(batch, slopes),
        terms: { pairs: pairs.length, regulariser },
      };
    },
  }),
});
