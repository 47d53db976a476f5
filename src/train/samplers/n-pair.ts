import { z } from 'zod';
import { createRandom } from '../../math/random.js';
import { ClassRounds, decksOf } from './class-rounds.js';
import { defineSampler } from './sampler.js';

/**
 * Two images of each of m / 2 classes, the batches that the N-pair loss is made for (Sohn 2016). Classes come in
 * shuffled rounds. A class with one image has no pair and is left out, unless all are like that: then each gives its
 * image. With fewer classes than m / 2, all of them are in every batch, which is smaller.
 */
export const nPairSampler = defineSampler({
  name: 'n-pair',
  summary: 'two images of each of m / 2 classes, for the loss of that name (Sohn 2016)',
  options: z.strictObject({}),
  create: () => ({
    planEpoch(labels, { batchSize, seed }) {
      const random = createRandom(seed);
      const decks = decksOf(labels, random);
      const paired = decks.filter(deck => deck.images.length > 1);
      const perClass = paired.length === 0 ? 1 : 2;
      const rounds = new ClassRounds(paired.length === 0 ? decks : paired, random);
      return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => ({
        images: rounds.draw(Math.floor(batchSize / perClass)).flatMap(deck => deck.deal(perClass)),
      }));
    },
  }),
});
