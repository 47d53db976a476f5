import { z } from 'zod';
import { logSumExp } from '../../math/log-sum-exp.js';
import { dotProducts, gradientOfDotProducts } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  temperature: z.number().gt(0).default(0.1).describe('τ: similarities are divided by it; lower = harder'),
});

/**
 * Supervised contrastive loss (Khosla et al., NeurIPS 2020), L_out of eq. 2, with S_ij = f_i·f_j of unit vectors, P(i)
 * the other images of the class of i and A(i) all other images:
 *   ℓ = mean_i −1/|P(i)| Σ_{p∈P(i)} log( exp(S_ip/τ) / Σ_{a∈A(i)} exp(S_ia/τ) )
 * Deviation: the mean over the anchors that have a positive, where the paper has the sum over all, each with one.
 *
 * Without a positive pair, hence in a batch of distinct classes, ℓ = 0. Without a negative it is what is left: positives
 * compete with each other, ℓ ≥ log(m − 1), with equality where all are equally near. Embeddings that coincide have
 * similarity 1 like any other.
 */
export const supervisedContrastive = defineLoss({
  name: 'supervised-contrastive',
  summary: 'softmax of each positive over all other images (Khosla et al. 2020, eq. 2)',
  options,
  terms: { anchors: 'images that have a positive in the batch' },
  create: ({ temperature }) => ({
    normalised: true,
    evaluate(batch, labels): LossResult {
      const { count } = batch;
      const similarities = dotProducts(batch, batch);
      const slopes = new Float64Array(count * count);
      const images = Array.from({ length: count }, (_, i) => i);
      let anchors = 0;
      let sum = 0;
      for (const i of images) {
        const others = images.filter(k => k !== i);
        const positives = others.filter(k => labels[k] === labels[i]);
        if (positives.length === 0) continue;
        anchors++;
        const scaled = (k: number): number => similarities[i * count + k] / temperature;
        const softmax = logSumExp(others.map(scaled));
        const share = 1 / positives.length;
        for (const [position, k] of others.entries()) slopes[i * count + k] += softmax.weights[position];
        for (const p of positives) {
          sum += share * (softmax.value - scaled(p));
          slopes[i * count + p] -= share;
        }
      }
      const scale = 1 / Math.max(1, anchors);
      return {
        value: scale * sum,
        gradient: gradientOfDotProducts(
          batch,
          slopes.map(slope => (scale * slope) / temperature),
        ),
        terms: { anchors },
      };
    },
  }),
});
