import { z } from 'zod';
import { createRandom } from '../../math/random.js';
import { rowOf, squaredDistance, type VectorBlock } from '../../math/vectors.js';
import { ClassRounds, Deck, decksOf } from './class-rounds.js';
import { defineSampler } from './sampler.js';

interface Candidates {
  readonly images: readonly number[];
  readonly labels: ArrayLike<number>;
  /** So many of the images, from the first, are pairs: positions 0 and 1, 2 and 3, … */
  readonly paired: number;
  readonly batchSize: number;
}

/** The nearest image of another class than that at `anchor` among positions still free. */
function nearestStranger(
  anchor: number,
  free: ReadonlySet<number>,
  { embeddings, images, labels }: Candidates & { embeddings: VectorBlock },
): number | undefined {
  let best = Number.POSITIVE_INFINITY;
  let chosen: number | undefined;
  for (const position of free) {
    if (labels[images[position]] === labels[images[anchor]]) continue;
    const distance = squaredDistance(rowOf(embeddings, anchor), rowOf(embeddings, position));
    if (distance >= best) continue;
    best = distance;
    chosen = position;
  }
  return chosen;
}

/** All pairs, then turn by turn the nearest stranger of each of their images, until there are m. */
function chooseHardest(candidates: Candidates, embeddings: VectorBlock): number[] {
  const { images, paired, batchSize } = candidates;
  const chosen = Array.from({ length: paired }, (_, position) => position);
  const free = new Set(images.keys());
  for (const position of chosen) free.delete(position);
  let before = -1;
  while (chosen.length < batchSize && chosen.length > before) {
    before = chosen.length;
    for (let anchor = 0; anchor < paired && chosen.length < batchSize; anchor++) {
      const stranger = nearestStranger(anchor, free, { ...candidates, embeddings });
      if (stranger === undefined) continue;
      free.delete(stranger);
      chosen.push(stranger);
    }
  }
  return chosen;
}

/**
 * ⌊m / 4⌋ random positive pairs of different classes and hard negatives of each image in them (Song, Xiang, Jegelka,
 * Savarese, CVPR 2016), by the network as it is when the batch's turn comes. Deviation: negatives are looked for among
 * `candidates` times as many random images as are wanted, not in the whole set, whose embeddings would be an epoch old
 * or cost one; looking costs a forward pass over pairs and candidates.
 *
 * Pairs come from classes with two images or more, in shuffled rounds; classes with one are negatives. Without any pair a
 * batch is m random images. Random images are dealt from one shuffled deck, so each has its turn as a candidate.
 */
export const hardNegatives = defineSampler({
  name: 'hard-negatives',
  summary: 'm / 4 random positive pairs, and negatives that the network takes for them (Song et al. 2016)',
  options: z.strictObject({
    candidates: z
      .number()
      .min(1)
      .max(64)
      .default(3)
      .describe('random images looked at for each negative taken; higher = harder negatives, slower steps'),
  }),
  create: ({ candidates }) => ({
    planEpoch(labels, { batchSize, seed }) {
      const random = createRandom(seed);
      const paired = decksOf(labels, random).filter(deck => deck.images.length > 1);
      const rounds = new ClassRounds(paired, random);
      const everything = new Deck(random.shuffle(Array.from({ length: labels.length }, (_, i) => i)));
      return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => {
        const pairs = rounds.draw(Math.max(1, Math.floor(batchSize / 4))).flatMap(deck => deck.deal(2));
        if (pairs.length === 0) return { images: everything.deal(batchSize) };
        const wanted = Math.ceil(candidates * (batchSize - pairs.length));
        const pool = everything.deal(wanted).filter(image => !pairs.includes(image));
        const images = [...pairs, ...pool];
        return {
          images,
          choose: embeddings =>
            chooseHardest({ images, labels, paired: pairs.length, batchSize }, embeddings),
        };
      });
    },
  }),
});
