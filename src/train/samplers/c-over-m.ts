import { z } from 'zod';
import { createRandom } from '../../math/random.js';
import { ClassRounds, decksOf } from './class-rounds.js';
import { defineSampler } from './sampler.js';

/** Shares of `total` over classes of the given sizes: as even as the sizes allow, none above its size. */
function evenShares(sizes: readonly number[], total: number): number[] {
  const shares = sizes.map(() => 0);
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  while (left > 0) {
    for (let k = 0; k < sizes.length && left > 0; k++) {
      if (shares[k] < sizes[k]) {
        shares[k]++;
        left--;
      }
    }
  }
  return shares;
}

/**
 * m images of round(m · classShare) distinct classes each, as evenly spread over them as they have images; no image
 * twice in a batch. Classes come in shuffled rounds, so each is met equally often. With too few classes for C, all of
 * them are in every batch; with too few images for m, the batch is smaller.
 */
export const cOverM = defineSampler({
  name: 'c-over-m',
  summary: "m images of round(m · `--class-share`) classes, evenly spread: the paper's C/m",
  options: z.strictObject({}),
  create: () => ({
    planEpoch(labels, { batchSize, classShare, seed }) {
      const random = createRandom(seed);
      const rounds = new ClassRounds(decksOf(labels, random), random);
      const classes = Math.max(1, Math.round(batchSize * classShare));
      return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => {
        const drawn = rounds.draw(classes);
        const shares = evenShares(
          drawn.map(deck => deck.images.length),
          batchSize,
        );
        return { images: drawn.flatMap((deck, k) => deck.deal(shares[k])) };
      });
    },
  }),
});
