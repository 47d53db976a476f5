import type { Random } from '../../src/math/random.js';
import { between, pick } from './chance.js';
import { darken, hsl, lighten, pickSurroundingColour } from './colours.js';
import { blob, circle, path, polygon, rectangle } from './path.js';

/** Draws something coming in from below, its tip at (0, 0) and its root about 60 further down. */
type DrawOccluder = (random: Random) => string;

const skins = ['#f1c9a5', '#d9a377', '#a8734b', '#70462c', '#4a2f20'] as const;

const solid = (outline: string, colour: string): string =>
  `<path d="${outline}" fill="${colour}" stroke="${darken(colour, 0.45)}" stroke-width="0.7" stroke-linejoin="round"/>`;

const hand: DrawOccluder = random => {
  const skin = pick(random, skins);
  const finger = (x: number, tip: number): string => {
    const nail = solid(rectangle([x - 1.7, tip + 1], [3.4, 4], 1.7), lighten(skin, 0.25));
    return solid(rectangle([x - 3.1, tip], [6.2, 26], 3.1), skin) + nail;
  };
  const sleeve = solid(
    polygon(
      [
        [-17, 38],
        [17, 38],
        [20, 80],
        [-20, 80],
      ],
      2,
    ),
    pickSurroundingColour(random),
  );
  const palm = solid(
    blob([
      [-13, 16],
      [0, 15],
      [13, 18],
      [14, 34],
      [11, 50],
      [-11, 50],
      [-15, 32],
    ]),
    skin,
  );
  const fingers = [
    [-9.5, 3],
    [-3.2, 0],
    [3.1, 0.5],
    [9.4, 4],
  ].map(([x, tip]) => finger(x, tip + between(random, -1.5, 1.5)));
  return fingers.join('') + palm + sleeve;
};

const tag: DrawOccluder = random => {
  const colour = pick(random, ['#f7f3e8', '#f2c84b', '#d4483b', '#d8b98c']);
  const lines = [11, 15, 19].map(
    y => path`<path d="M-5,${y} h${between(random, 5, 10)}" stroke="#333333" stroke-width="1.3"/>`,
  );
  return `<path d="M0,3 Q6,-8 2,-16" fill="none" stroke="#e8e0cc" stroke-width="0.9"/>${solid(
    polygon(
      [
        [0, 0],
        [8, 6],
        [8, 24],
        [-8, 24],
        [-8, 6],
      ],
      1,
    ),
    colour,
  )}${solid(circle(0, 4.5, 1.3), '#555555')}${lines.join('')}`;
};

const leaves: DrawOccluder = random => {
  const green = hsl(between(random, 70, 150), between(random, 0.25, 0.5), between(random, 0.2, 0.42));
  return [-34, 0, 30]
    .map(
      turn =>
        path`<g transform="translate(0,34) rotate(${turn + between(random, -8, 8)})">${solid(
          blob([
            [0, 4],
            [-6.5, -14],
            [0, -36],
            [6.5, -14],
          ]),
          green,
        )}</g>`,
    )
    .join('');
};

const board: DrawOccluder = random => {
  const half = between(random, 12, 20);
  return solid(
    polygon(
      [
        [-half, 0],
        [half, 2],
        [half, 80],
        [-half, 80],
      ],
      2,
    ),
    pickSurroundingColour(random),
  );
};

/** Adding something to stand in the way is one line here. */
const occluders: readonly DrawOccluder[] = [hand, hand, tag, leaves, board];

/** Covers part of a product from one side, never its middle. */
export function drawOccluder(random: Random): string {
  const draw = pick(random, occluders);
  const turn = pick(random, [0, 40, 90, 135, 180, 225, 270, 320]) + between(random, -18, 18);
  return path`<g transform="translate(50,50) rotate(${turn}) translate(${between(random, -9, 9)},${between(random, 17, 30)})">${draw(random)}</g>`;
}
