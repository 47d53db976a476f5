import { createRandom } from '../../src/math/random.js';
import { between } from './chance.js';
import { darken, lighten, mix } from './colours.js';
import { circle, path, polygon } from './path.js';

export interface TextureLook {
  readonly ground: string;
  readonly figure: string;
  readonly accent: string;
  readonly angle: number;
  /** Side of a tile, in units of the box of 100. */
  readonly size: number;
}

type DrawTexture = (id: string, look: TextureLook) => string;

const tileSide = 20;

/** A repeated tile of 20 × 20, turned and scaled to the look's. */
const tiled =
  (drawTile: (look: TextureLook) => string): DrawTexture =>
  (id, look) =>
    path`<pattern id="${id}" width="${tileSide}" height="${tileSide}" patternUnits="userSpaceOnUse" patternTransform="rotate(${
      look.angle
    }) scale(${look.size / tileSide})"><rect width="20" height="20" fill="${look.ground}"/>${drawTile(look)}</pattern>`;

const fill = (d: string, colour: string, opacity = 1): string =>
  `<path d="${d}" fill="${colour}" fill-opacity="${opacity}"/>`;

const flower = ({ figure, accent }: TextureLook, x: number, y: number): string => {
  const petals = [0, 1, 2, 3, 4].map(i => {
    const turn = (i * 2 * Math.PI) / 5;
    return fill(circle(x + 2.7 * Math.cos(turn), y + 2.7 * Math.sin(turn), 2), figure);
  });
  return `${petals.join('')}${fill(circle(x, y, 1.6), accent)}`;
};

const leather = ({ ground }: TextureLook): string => {
  const random = createRandom('leather');
  return Array.from({ length: 26 }, () => {
    const [x, y] = [between(random, 1, 19), between(random, 1, 19)];
    const colour = random.next() < 0.6 ? darken(ground, 0.38) : lighten(ground, 0.28);
    return fill(circle(x, y, between(random, 0.6, 1.5)), colour, 0.7);
  }).join('');
};

/** Adding a texture is one line here. */
export const textures = {
  plain: tiled(() => ''),
  stripes: tiled(({ figure }) => fill('M0,0 H20 V9 H0 Z', figure)),
  pinstripes: tiled(
    ({ figure, accent }) => fill('M0,0 H20 V3 H0 Z', figure) + fill('M0,10 H20 V11.6 H0 Z', accent),
  ),
  dots: tiled(({ figure }) => fill(circle(5, 5, 3.4), figure) + fill(circle(15, 15, 3.4), figure)),
  checks: tiled(({ figure }) => fill('M0,0 H10 V10 H0 Z M10,10 H20 V20 H10 Z', figure)),
  tartan: tiled(
    ({ figure, accent }) =>
      fill('M0,0 H20 V8 H0 Z', figure, 0.55) +
      fill('M0,0 H8 V20 H0 Z', figure, 0.55) +
      fill('M0,13 H20 V14.5 H0 Z M13,0 H14.5 V20 H13 Z', accent, 0.9),
  ),
  zigzag: tiled(({ figure }) =>
    fill('M0,4 L10,14 L20,4 V11 L10,21 L0,11 Z M0,-16 L10,-6 L20,-16 V-9 L10,1 L0,-9 Z', figure),
  ),
  diamonds: tiled(
    ({ figure, accent }) =>
      fill(
        polygon([
          [10, 1],
          [18, 10],
          [10, 19],
          [2, 10],
        ]),
        figure,
      ) + fill(circle(10, 10, 2.2), accent),
  ),
  floral: tiled(look => flower(look, 5.5, 5.5) + flower(look, 15.5, 15.5)),
  leather: tiled(leather),
  gradient: (id, { ground, figure, angle }) =>
    path`<linearGradient id="${id}" gradientTransform="rotate(${angle} 0.5 0.5)"><stop offset="0.15" stop-color="${
      ground
    }"/><stop offset="0.5" stop-color="${mix(ground, figure, 0.5)}"/><stop offset="0.85" stop-color="${figure}"/></linearGradient>`,
} as const satisfies Record<string, DrawTexture>;

export type TextureName = keyof typeof textures;
export const textureNames = Object.keys(textures) as TextureName[];
