import { createRandom, type Random } from '../../src/math/random.js';
import { between, happens } from './chance.js';
import type { Seed } from './product.js';

/** Where a product stands in the picture, as an affine map of its box. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly rotation: number;
  readonly scaleX: number;
  readonly scaleY: number;
  readonly skewX: number;
  readonly skewY: number;
}

/** What light and camera do to the pixels. */
export interface Exposure {
  readonly brightness: number;
  readonly contrast: number;
  /** -1 (blue) to 1 (orange) */
  readonly warmth: number;
  /** Light falls off along this angle, in radians, by this part of its strength. */
  readonly falloffAngle: number;
  readonly falloff: number;
  readonly vignette: number;
  /** Standard deviation, of 255. */
  readonly noise: number;
}

/** How a product is photographed: everything about a view that is not the product. */
export interface ViewDescription {
  readonly isShopPhoto: boolean;
  readonly pose: Pose;
  /** Where light comes from, -1 (left) to 1 (right). */
  readonly light: number;
  readonly shadow: number;
  readonly hasOccluder: boolean;
  readonly exposure: Exposure;
  /** In units of the box of 100. */
  readonly blur: number;
  readonly quality: number;
}

const shopPhoto: ViewDescription = {
  isShopPhoto: true,
  pose: { x: 50, y: 50, rotation: 0, scaleX: 0.86, scaleY: 0.86, skewX: 0, skewY: 0 },
  light: -0.4,
  shadow: 0.35,
  hasOccluder: false,
  exposure: { brightness: 1, contrast: 1, warmth: 0, falloffAngle: 0, falloff: 0, vignette: 0, noise: 0 },
  blur: 0,
  quality: 92,
};

function describePose(random: Random): Pose {
  const scale = between(random, 0.66, 1);
  const slack = 12 * (1.05 - scale) + 5;
  return {
    x: 50 + between(random, -slack, slack),
    y: 50 + between(random, -slack, slack),
    rotation: between(random, -20, 20),
    scaleX: scale * between(random, 0.8, 1.02) * (happens(random, 0.3) ? -1 : 1),
    scaleY: scale * between(random, 0.9, 1.02),
    skewX: between(random, -9, 9),
    skewY: between(random, -6, 6),
  };
}

const describeExposure = (random: Random): Exposure => ({
  brightness: between(random, 0.74, 1.3),
  contrast: between(random, 0.72, 1.22),
  warmth: between(random, -1, 1),
  falloffAngle: between(random, 0, 2 * Math.PI),
  falloff: between(random, 0, 0.42),
  vignette: between(random, 0, 0.35),
  noise: happens(random, 0.3) ? between(random, 5, 12) : between(random, 0, 4),
});

/** The stream of one aspect of one view: the same whatever else is drawn. */
export const viewStream = (
  seed: Seed,
  { product, view, aspect }: { readonly product: number; readonly view: number; readonly aspect: string },
): Random => createRandom(`${seed}/product/${product}/view/${view}/${aspect}`);

/** View 0 is the clean front photo of a shop's catalog, the others are taken anywhere by anyone. */
export function describeView(seed: Seed, product: number, view: number): ViewDescription {
  if (view === 0) return shopPhoto;
  const random = (aspect: string): Random => viewStream(seed, { product, view, aspect });
  const rest = random('rest');
  return {
    isShopPhoto: false,
    pose: describePose(random('pose')),
    light: between(rest, -1, 1),
    shadow: between(rest, 0.15, 0.6),
    hasOccluder: happens(rest, 0.22),
    exposure: describeExposure(random('exposure')),
    blur: happens(rest, 0.3) ? between(rest, 0.3, 0.8) : 0,
    quality: Math.round(between(rest, 60, 95)),
  };
}
