import { createRandom } from '../../math/random.js';

export interface BatchOptions {
  /** Images a batch, m. */
  readonly batchSize: number;
  /** Distinct classes a batch as a share of m, the paper's C/m. */
  readonly classShare: number;
}

/** Images of one class in shuffled order, dealt round and round. */
class Deck {
  private next = 0;

  constructor(readonly images: readonly number[]) {}

  deal(count: number): number[] {
    return Array.from({ length: Math.min(count, this.images.length) }, () => {
      const image = this.images[this.next];
      this.next = (this.next + 1) % this.images.length;
      return image;
    });
  }
}

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
 * The batches of one epoch: m images of round(m · classShare) distinct classes each, as evenly spread over them as
 * they have images; no image twice in a batch. Classes come in shuffled rounds, so each is met equally often; an
 * epoch has ⌈images / m⌉ batches. With too few classes for C, all of them are in every batch; with too few images
 * for m, the batch is smaller.
 * @param labels class number of each image: [images]
 * @param seed names the epoch: the same seed gives the same batches
 * @returns image numbers, a batch each
 */
export function sampleBatches(
  labels: ArrayLike<number>,
  { batchSize, classShare }: BatchOptions,
  seed: string,
): number[][] {
  const random = createRandom(seed);
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const images = byClass.get(labels[i]);
    if (images === undefined) byClass.set(labels[i], [i]);
    else images.push(i);
  }
  const decks = [...byClass.values()].map(images => new Deck(random.shuffle(images)));
  const classes = Math.min(decks.length, Math.max(1, Math.round(batchSize * classShare)));
  let round: Deck[] = [];
  const drawClasses = (): Deck[] => {
    const drawn: Deck[] = [];
    while (drawn.length < classes) {
      if (round.length === 0) {
        // A class already in this batch waits at the end of the new round.
        const fresh = random.shuffle(decks.filter(deck => !drawn.includes(deck)));
        round = [...fresh, ...drawn];
      }
      drawn.push(round.shift() as Deck);
    }
    return drawn;
  };
  return Array.from({ length: Math.ceil(labels.length / batchSize) }, () => {
    const drawn = drawClasses();
    const shares = evenShares(
      drawn.map(deck => deck.images.length),
      batchSize,
    );
    return drawn.flatMap((deck, k) => deck.deal(shares[k]));
  });
}
