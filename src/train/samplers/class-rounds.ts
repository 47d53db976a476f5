import type { Random } from '../../math/random.js';

/** Images in shuffled order, dealt round and round. */
export class Deck {
  private next = 0;

  constructor(readonly images: readonly number[]) {}

  /** The next images, at most as many as there are, so that none comes twice. */
  deal(count: number): number[] {
    return Array.from({ length: Math.min(count, this.images.length) }, () => {
      const image = this.images[this.next];
      this.next = (this.next + 1) % this.images.length;
      return image;
    });
  }
}

/** A shuffled deck for each class, in the order in which classes first appear. */
export function decksOf(labels: ArrayLike<number>, random: Random): Deck[] {
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const images = byClass.get(labels[i]);
    if (images === undefined) byClass.set(labels[i], [i]);
    else images.push(i);
  }
  return [...byClass.values()].map(images => new Deck(random.shuffle(images)));
}

/** Classes in shuffled rounds, so that each is met equally often. */
export class ClassRounds {
  private round: Deck[] = [];

  constructor(
    readonly decks: readonly Deck[],
    private readonly random: Random,
  ) {}

  /** As many different classes as asked for, or all of them. */
  draw(count: number): Deck[] {
    const drawn: Deck[] = [];
    while (drawn.length < Math.min(count, this.decks.length)) drawn.push(this.drawBeside(drawn));
    return drawn;
  }

  /** One more class for a batch that already has some, not all of them. */
  drawBeside(drawn: readonly Deck[]): Deck {
    if (this.round.length === 0) {
      // A class already in this batch waits at the end of the new round.
      const fresh = this.random.shuffle(this.decks.filter(deck => !drawn.includes(deck)));
      this.round = [...fresh, ...drawn];
    }
    return this.round.shift() as Deck;
  }
}
