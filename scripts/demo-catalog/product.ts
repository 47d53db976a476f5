import { createRandom, type Random } from '../../src/math/random.js';
import { between, happens, pick } from './chance.js';
import { type ProductColours, pickProductColours } from './colours.js';
import { type EmblemName, emblemNames } from './emblems.js';
import { kinds } from './kinds/index.js';
import type { Parts } from './kinds/kind.js';
import { type TextureName, textureNames } from './textures.js';

export type Seed = number | string;

/** What makes a product the one it is, in every view of it. */
export interface ProductDescription {
  /** As in `mug-0017`. */
  readonly name: string;
  readonly kind: string;
  readonly colours: ProductColours;
  readonly texture: { readonly name: TextureName; readonly angle: number; readonly size: number };
  readonly emblem: { readonly name: EmblemName; readonly size: number; readonly plate: boolean } | undefined;
  readonly parts: Parts;
}

const describeTexture = (random: Random): ProductDescription['texture'] => ({
  name: happens(random, 0.25) ? 'plain' : pick(random, textureNames),
  angle: pick(random, [0, 45, 90, 135, 20, 160]),
  size: between(random, 8, 17),
});

const describeEmblem = (random: Random): ProductDescription['emblem'] =>
  happens(random, 0.55)
    ? { name: pick(random, emblemNames), size: between(random, 0.85, 1.25), plate: happens(random, 0.45) }
    : undefined;

/** Kinds take turns, so that any range of numbers holds about as many products of each. */
export function describeProduct(seed: Seed, number: number): ProductDescription {
  const kind = kinds[number % kinds.length];
  const stream = (aspect: string): Random => createRandom(`${seed}/product/${number}/${aspect}`);
  return {
    name: `${kind.name}-${String(number).padStart(4, '0')}`,
    kind: kind.name,
    colours: pickProductColours(stream('colours')),
    texture: describeTexture(stream('texture')),
    emblem: describeEmblem(stream('emblem')),
    parts: kind.describeParts(stream('parts')),
  };
}
