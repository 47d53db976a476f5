import { circle, type Point, path, polygon, rectangle } from './path.js';

const star = (points: number, inner: number): string =>
  polygon(
    Array.from({ length: points * 2 }, (_, i): Point => {
      const radius = i % 2 === 0 ? 10 : inner;
      const turn = (i * Math.PI) / points - Math.PI / 2;
      return [radius * Math.cos(turn), radius * Math.sin(turn)];
    }),
  );

/** Outlines about the origin, 20 wide; filled by the even-odd rule. Adding an emblem is one line here. */
export const emblems = {
  star: star(5, 4.2),
  sun: star(9, 6),
  spark: star(4, 3),
  ring: circle(0, 0, 10) + circle(0, 0, 6),
  target: circle(0, 0, 10) + circle(0, 0, 7) + circle(0, 0, 3.5),
  bars: [-9, -2, 5].map(y => rectangle([-9, y], [18, 4.4])).join(''),
  heart: path`M0,9 C-14,-1 -9,-11 0,-4 C9,-11 14,-1 0,9 Z`,
  triangle: polygon(
    [
      [0, -9],
      [10, 8],
      [-10, 8],
    ],
    1.5,
  ),
  cross: polygon([
    [-3.2, -10],
    [3.2, -10],
    [3.2, -3.2],
    [10, -3.2],
    [10, 3.2],
    [3.2, 3.2],
    [3.2, 10],
    [-3.2, 10],
    [-3.2, 3.2],
    [-10, 3.2],
    [-10, -3.2],
    [-3.2, -3.2],
  ]),
  moon: path`M3,-10 A10,10 0 1 0 3,10 A8.5,8.5 0 1 1 3,-10 Z`,
  bolt: polygon([
    [2, -11],
    [-7, 2],
    [-1, 2],
    [-3, 11],
    [7, -3],
    [1, -3],
  ]),
} as const satisfies Record<string, string>;

export type EmblemName = keyof typeof emblems;
export const emblemNames = Object.keys(emblems) as EmblemName[];
