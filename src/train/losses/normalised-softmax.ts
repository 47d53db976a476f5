import { z } from 'zod';
import { hardMaximum, logSumExp } from '../../math/log-sum-exp.js';
import { classCosines } from './class-cosines.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  temperature: z.number().gt(0).default(0.05).describe('σ: cosines are divided by it'),
  learningRateFactor: z
    .number()
    .gt(0)
    .default(1)
    .describe("learning rate of the class vectors as a multiple of the network's"),
});

/**
 * Normalised softmax (Zhai, Wu, "Classification is a Strong Baseline for Deep Metric Learning", BMVC 2019), with a
 * learnt vector w for each training class and s_iz = cosine of f_i and w_z:
 *   ℓ = 1/m Σ_i −log( exp(s_iy/σ) / Σ_z exp(s_iz/σ) ), y the class of i
 * No deviation: their layer normalisation before the unit length is what the head ends in (docs/decisions/0003).
 *
 * Images meet class vectors, not each other, so every batch has a value: one class, distinct classes, coinciding
 * embeddings alike.
 */
export const normalisedSoftmax = defineLoss({
  name: 'normalised-softmax',
  summary: 'classification over unit class vectors with a temperature (Zhai & Wu 2019)',
  options,
  terms: { accuracy: 'share of the batch whose nearest class vector is their own' },
  create: ({ temperature, learningRateFactor }) => ({
    normalised: true,
    classVectors: { learningRateFactor },
    evaluate(batch, labels, context): LossResult {
      const { cosines, classes, gradients } = classCosines(batch, context);
      const slopes = new Float64Array(cosines.length);
      let sum = 0;
      let right = 0;
      for (let i = 0; i < batch.count; i++) {
        const row = i * classes;
        const own = row + labels[i];
        const logits = cosines.subarray(row, row + classes).map(cosine => cosine / temperature);
        const { value, weights } = logSumExp(logits);
        sum += value - logits[labels[i]];
        right += hardMaximum(logits).weights[labels[i]];
        for (let c = 0; c < classes; c++) slopes[row + c] = weights[c] / temperature / batch.count;
        slopes[own] -= 1 / temperature / batch.count;
      }
      return { value: sum / batch.count, ...gradients(slopes), terms: { accuracy: right / batch.count } };
    },
  }),
});
