import { z } from 'zod';
import { createRandom } from '../../math/random.js';
import { decksOf } from './class-rounds.js';
import { defineSampler } from './sampler.js';

/**
 * m images, each of a class drawn with a probability ∝ (its images)^power: 1 = as large classes are, 0 = all alike, and
 * between them a compromise for sets whose classes differ much in size (Lample and Conneau 2019, section 3.1, for
 * languages). The images of a class come in shuffled rounds. No image twice in a batch: a class that has no more gives
 * its place to another.
 */
export const bySize = defineSampler({
  name: 'by-size',
  summary: 'm images of any classes, larger ones more often; for losses that learn class vectors',
  options: z.strictObject({
    power: z.number().min(0).max(1).default(0.5).describe('classes are drawn ∝ (images)^power'),
  }),
  create: ({ power }) => ({
    planEpoch(labels, { batchSize, seed }) {
      const random = createRandom(seed);
      const decks = decksOf(labels, random);
      const ends: number[] = [];
      for (const { images } of decks) ends.push((ends.at(-1) ?? 0) + images.length ** power);
      const draw = (): number => {
        const place = random.next() * (ends.at(-1) as number);
        let [low, high] = [0, ends.length - 1];
        while (low < high) {
          const middle = (low + high) >>> 1;
          if (place < ends[middle]) high = middle;
          else low = middle + 1;
        }
        return low;
      };
      const size = Math.min(batchSize, labels.length);
      return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => {
        const images: number[] = [];
        const dealt = new Map<number, number>();
        while (images.length < size) {
          let k = draw();
          while (dealt.get(k) === decks[k].images.length) k = (k + 1) % decks.length;
          dealt.set(k, (dealt.get(k) ?? 0) + 1);
          images.push(...decks[k].deal(1));
        }
        return { images };
      });
    },
  }),
});
