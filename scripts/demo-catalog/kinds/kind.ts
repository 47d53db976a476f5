import type { Random } from '../../../src/math/random.js';
import { between, pick } from '../chance.js';
import type { Paint } from '../paint.js';

export type Parts = Readonly<Record<string, number | string>>;

/** A number between two, or one of several words. */
type Choice = readonly [min: number, max: number] | readonly [string, ...string[]];
type Choices = Readonly<Record<string, Choice>>;
type Chosen<C extends Choices> = {
  readonly [K in keyof C]: C[K] extends readonly string[] ? C[K][number] : number;
};

export interface Kind {
  readonly name: string;
  /** `standing` things touch the ground at y = 92 of their box. */
  readonly stance: 'standing' | 'lying';
  describeParts(random: Random): Parts;
  /** @returns SVG within a box of 100 × 100 */
  draw(parts: Parts, paint: Paint): string;
}

const isRange = (choice: Choice): choice is readonly [number, number] => typeof choice[0] === 'number';

/** A kind of product: what may differ between its products, and how one is drawn, from the back to the front. */
export function createKind<const C extends Choices, Measures>({
  name,
  stance,
  parts: choices,
  measure,
  layers,
}: Pick<Kind, 'name' | 'stance'> & {
  readonly parts: C;
  /** Lengths and places that several layers need. */
  readonly measure: (parts: Chosen<C>) => Measures;
  readonly layers: Readonly<Record<string, (parts: Chosen<C>, paint: Paint, measures: Measures) => string>>;
}): Kind {
  return {
    name,
    stance,
    describeParts: random =>
      Object.fromEntries(
        Object.entries(choices).map(([part, choice]) => [
          part,
          isRange(choice)
            ? Math.round(between(random, choice[0], choice[1]) * 10) / 10
            : pick(random, choice),
        ]),
      ),
    draw: (described, paint) => {
      const parts = described as Chosen<C>;
      const measures = measure(parts);
      return Object.values(layers)
        .map(draw => draw(parts, paint, measures))
        .join('');
    },
  };
}
