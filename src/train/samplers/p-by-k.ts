import { z } from 'zod';
import { createRandom } from '../../math/random.js';
import { ClassRounds, type Deck, decksOf } from './class-rounds.js';
import { defineSampler } from './sampler.js';

/**
 * K images of each of P = m / K classes (Hermans, Beyer, Leibe 2017). Classes come in shuffled rounds. A class with fewer
 * than K images, one perhaps, gives what it has, and further classes fill the batch up; the last of them may have to
 * give fewer than K. No image twice in a batch: with too few images for m, the batch is smaller.
 */
export const pByK = defineSampler({
  name: 'p-by-k',
  summary: 'K images of each of m / K classes (Hermans et al. 2017)',
  options: z.strictObject({
    imagesPerClass: z.int().min(1).max(4096).default(4).describe('K'),
  }),
  create: ({ imagesPerClass }) => ({
    planEpoch(labels, { batchSize, seed }) {
      const random = createRandom(seed);
      const decks = decksOf(labels, random);
      const rounds = new ClassRounds(decks, random);
      return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => {
        const drawn: Deck[] = [];
        const images: number[] = [];
        while (images.length < batchSize && drawn.length < decks.length) {
          const deck = rounds.drawBeside(drawn);
          drawn.push(deck);
          images.push(...deck.deal(Math.min(imagesPerClass, batchSize - images.length)));
        }
        return { images };
      });
    },
  }),
});
