import { z } from 'zod';
import { pairwiseDistances } from '../../math/facility-location.js';
import { gradientOfDistances } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  margin: z.number().gt(0).default(1).describe('α: how far apart images of two classes should at least be'),
});

/**
 * Contrastive loss (Hadsell, Chopra, LeCun, CVPR 2006; eq. 1 of Song et al. 2017), y = 1 for two images of a class:
 *   ℓ = 1/m Σ_{i<j} y D_ij² + (1 − y) [α − D_ij]₊²
 * Deviation: the papers draw m/2 disjoint pairs a batch, here every pair of the batch counts, still over m.
 *
 * Without a positive pair only the second part is left, without a negative the first; one image has ℓ = 0. Embeddings
 * that coincide have the gradient 0 between them, also where they should be apart: they wait for the others to part them.
 */
export const contrastive = defineLoss({
  name: 'contrastive',
  summary: 'pulls the pairs of a class together, pushes others α apart (Hadsell et al. 2006; eq. 1)',
  options,
  terms: {
    positive: 'what pairs of one class add to ℓ',
    negative: 'what pairs of two classes add to ℓ',
  },
  create: ({ margin }) => ({
    normalised: true,
    evaluate(batch, labels): LossResult {
      const matrix = pairwiseDistances(batch);
      const { distances, count } = matrix;
      const slopes = new Float64Array(count * count);
      let positive = 0;
      let negative = 0;
      for (let i = 0; i < count; i++) {
        for (let j = i + 1; j < count; j++) {
          const distance = distances[i * count + j];
          const gap = Math.max(0, margin - distance);
          const same = labels[i] === labels[j];
          if (same) positive += distance ** 2 / count;
          else negative += gap ** 2 / count;
          slopes[i * count + j] = (same ? 2 * distance : -2 * gap) / count;
        }
      }
      return {
        value: positive + negative,
        gradient: gradientOfDistances(batch, matrix, slopes),
        terms: { positive, negative },
      };
    },
  }),
});
