import { circle, type Point, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

const around = (turn: number, radius: number): Point => [
  50 + radius * Math.sin(turn),
  50 - radius * Math.cos(turn),
];

const outlineOf = (shape: 'round' | 'square' | 'octagon' | 'cushion', radius: number): string => {
  const side = radius * 0.92;
  const shapes = {
    round: () => circle(50, 50, radius),
    square: () => rectangle([50 - side, 50 - side], [2 * side, 2 * side], 4),
    octagon: () =>
      polygon(Array.from({ length: 8 }, (_, i) => around(((i + 0.5) * Math.PI) / 4, radius * 1.06))),
    cushion: () => rectangle([50 - side, 50 - side], [2 * side, 2 * side], radius * 0.75),
  };
  return shapes[shape]();
};

export const watch = createKind({
  name: 'watch',
  stance: 'lying',
  parts: {
    shape: ['round', 'square', 'octagon', 'cushion'],
    radius: [20, 29],
    bezel: [2.5, 7],
    strapWidth: [20, 34],
    taper: [0, 7],
    strap: ['plain', 'stitched', 'links', 'holes', 'racing'],
    ticks: ['none', 'four', 'six', 'twelve'],
    dials: ['none', 'none', 'one', 'three', 'date'],
    hour: [0, 6.2],
    minute: [0, 6.2],
    crown: ['one', 'three', 'none'],
  },
  measure: ({ strapWidth, taper, radius, bezel }) => ({
    half: strapWidth / 2,
    tip: strapWidth / 2 - taper,
    dial: radius - bezel,
  }),
  layers: {
    strap: (_, paint, { half, tip }) => {
      const upper: readonly Point[] = [
        [50 - half, 36],
        [50 - tip, 2],
        [50 + tip, 2],
        [50 + half, 36],
      ];
      const lower: readonly Point[] = [
        [50 + half, 64],
        [50 + tip, 98],
        [50 - tip, 98],
        [50 - half, 64],
      ];
      return paint.solid(polygon([...upper, ...lower], 3), paint.body);
    },
    strapMarks: ({ strap }, paint, { half, tip }) => {
      const rows = [6, 13, 20, 80, 87, 94];
      const seam = (way: number) =>
        path`<path d="M${50 + way * (tip - 2)},3 L${50 + way * (half - 2.5)},36 V64 L${50 + way * (tip - 2)},97" fill="none" stroke="${paint.accent}" stroke-width="1.1" stroke-dasharray="2.2 1.6"/>`;
      const link = (y: number) => paint.line(path`M${52 - half},${y} H${48 + half}`, paint.hardware, 1.6);
      const marks = {
        plain: () => '',
        stitched: () => seam(-1) + seam(1),
        links: () => rows.map(link).join(''),
        holes: () => rows.map(y => paint.solid(circle(50, y, 1.7), '#2b2b2e', 'flat')).join(''),
        racing: () => paint.solid(rectangle([46, 2], [8, 96]), paint.trim, 'flat'),
      };
      return marks[strap]();
    },
    crown: ({ crown, radius }, paint) => {
      const offsets = { one: [0], three: [-9, 0, 9], none: [] };
      return offsets[crown]
        .map(y => paint.solid(rectangle([49 + radius * 0.9, 47.5 + y], [6, 5], 1), paint.hardware, 'flat'))
        .join('');
    },
    case: ({ shape, radius }, paint, { dial }) =>
      paint.solid(outlineOf(shape, radius), paint.hardware, 'flat') +
      paint.solid(outlineOf(shape, dial), paint.trim, 'flat'),
    dials: ({ dials }, paint, { dial }) => {
      const small = (x: number, y: number) =>
        paint.solid(circle(50 + x * dial, 50 + y * dial, dial * 0.24), paint.second, 'flat');
      const styles = {
        none: () => '',
        one: () => small(0, 0.45),
        three: () => small(0, 0.48) + small(-0.48, 0) + small(0.48, 0),
        date: () =>
          paint.solid(rectangle([50 + dial * 0.35, 47.5], [dial * 0.36, 5], 0.5), '#f5f5f5', 'flat'),
      };
      return styles[dials]();
    },
    ticks: ({ ticks }, paint, { dial }) => {
      const count = { none: 0, four: 4, six: 6, twelve: 12 }[ticks];
      return Array.from({ length: count }, (_, i) => {
        const turn = (i * 2 * Math.PI) / count;
        const [[x, y], [toX, toY]] = [around(turn, dial * 0.78), around(turn, dial * 0.92)];
        return paint.line(path`M${x},${y} L${toX},${toY}`, paint.accent, count > 6 ? 1.1 : 1.8);
      }).join('');
    },
    emblem: (_, paint, { dial }) => paint.emblem(50, 50 - dial * 0.4, dial * 0.4),
    hands: ({ hour, minute }, paint, { dial }) => {
      const hand = (turn: number, length: number, width: number) =>
        paint.line(path`M50,50 L${around(turn, length)[0]},${around(turn, length)[1]}`, paint.accent, width);
      return (
        hand(hour, dial * 0.5, 2) +
        hand(minute, dial * 0.78, 1.3) +
        paint.solid(circle(50, 50, 1.6), paint.hardware, 'ball')
      );
    },
  },
});
