import { circle, type Point, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

interface Shape {
  /** From bonnet to boot, as fractions of the car's length and height. */
  readonly roof: readonly Point[];
  /** Four corners, from the lower front one. */
  readonly glass: readonly Point[];
  readonly corner: number;
}

const shapes = {
  saloon: {
    roof: [
      [0, 0.55],
      [0.22, 0.48],
      [0.36, 0],
      [0.7, 0],
      [0.86, 0.48],
      [1, 0.55],
    ],
    glass: [
      [0.28, 0.46],
      [0.39, 0.1],
      [0.67, 0.1],
      [0.79, 0.46],
    ],
    corner: 6,
  },
  van: {
    roof: [
      [0, 0.5],
      [0.1, 0.4],
      [0.2, 0],
      [0.99, 0],
      [1, 0.5],
    ],
    glass: [
      [0.16, 0.46],
      [0.25, 0.12],
      [0.9, 0.12],
      [0.92, 0.46],
    ],
    corner: 5,
  },
  pickup: {
    roof: [
      [0, 0.5],
      [0.2, 0.46],
      [0.3, 0],
      [0.56, 0],
      [0.6, 0.5],
      [1, 0.5],
    ],
    glass: [
      [0.26, 0.45],
      [0.34, 0.1],
      [0.53, 0.1],
      [0.55, 0.45],
    ],
    corner: 3,
  },
  beetle: {
    roof: [
      [0, 0.7],
      [0.08, 0.42],
      [0.26, 0.34],
      [0.36, -0.02],
      [0.64, -0.05],
      [0.86, 0.25],
      [1, 0.7],
    ],
    glass: [
      [0.32, 0.36],
      [0.4, 0.08],
      [0.62, 0.06],
      [0.76, 0.36],
    ],
    corner: 14,
  },
  racer: {
    roof: [
      [0, 0.78],
      [0.3, 0.5],
      [0.48, 0.16],
      [0.66, 0.2],
      [0.76, 0.5],
      [0.92, 0.42],
      [0.93, 0.1],
      [1, 0.1],
      [1, 0.75],
    ],
    glass: [
      [0.42, 0.48],
      [0.5, 0.24],
      [0.6, 0.26],
      [0.64, 0.48],
    ],
    corner: 4,
  },
} as const satisfies Record<string, Shape>;

const bottom = 84;

export const car = createKind({
  name: 'car',
  stance: 'standing',
  parts: {
    shape: ['saloon', 'van', 'pickup', 'beetle', 'racer'],
    height: [34, 50],
    wheel: [8, 13.5],
    wheelbase: [46, 58],
    rim: ['disc', 'spokes', 'ring'],
    pillars: [0, 2.9],
    side: ['none', 'stripe', 'two-tone', 'door'],
    roof: ['none', 'none', 'rack', 'light', 'board'],
    lamp: [2, 4.5],
  },
  measure: ({ shape, height }) => {
    const top = bottom + 2 - height;
    const place = ([x, y]: Point): Point => [5 + 90 * x, top + height * y];
    const [lowFront, highFront, highBack, lowBack] = shapes[shape].glass.map(place);
    return { place, lowFront, highFront, highBack, lowBack, belt: top + height * 0.62 };
  },
  layers: {
    roof: ({ roof, height }, paint, { highFront, highBack }) => {
      const [x, y] = [(highFront[0] + highBack[0]) / 2, highFront[1] - height * 0.1];
      const board = path`M${x - 22},${y - 2} Q${x},${y - 8} ${x + 24},${y - 3} Q${x},${y + 1} ${x - 22},${y - 2} Z`;
      const roofs = {
        none: () => '',
        rack: () => paint.line(path`M${x - 13},${y + 1} v-4 h26 v4 M${x},${y + 1} v-4`, paint.hardware, 1.6),
        light: () => paint.solid(rectangle([x - 5, y - 5], [10, 6], 2), paint.accent),
        board: () => paint.solid(board, paint.accent, 'flat'),
      };
      return roofs[roof]();
    },
    body: ({ shape }, paint, { place }) => {
      const { roof, corner } = shapes[shape];
      return paint.solid(
        polygon([...roof.map(place), [95, bottom], [5, bottom]], corner),
        paint.body,
        'flat',
      );
    },
    side: ({ side }, paint, { belt }) => {
      const door = () => rectangle([44, belt - 4], [17, bottom - belt + 1], 2);
      const styles = {
        none: () => '',
        stripe: () => paint.solid(rectangle([6, belt], [88, 4.5]), paint.accent, 'flat'),
        'two-tone': () =>
          paint.solid(rectangle([5, belt + 2], [90, bottom - belt - 2], 4), paint.trim, 'flat'),
        door: () =>
          paint.line(door(), paint.trim, 1.2) + paint.line(path`M56,${belt + 2} h3`, paint.hardware, 1.6),
      };
      return styles[side]();
    },
    glass: ({ pillars }, paint, { lowFront, highFront, highBack, lowBack }) => {
      const count = Math.floor(pillars);
      const pillar = (i: number) => {
        const x = lowFront[0] + ((lowBack[0] - lowFront[0]) * (i + 1)) / (count + 1);
        return paint.line(path`M${x},${highFront[1]} V${lowFront[1]}`, paint.main, 2.4);
      };
      const glass = paint.solid(polygon([lowFront, highFront, highBack, lowBack], 3), '#a9c7d6', 'flat');
      return glass + Array.from({ length: count }, (_, i) => pillar(i)).join('');
    },
    lamps: ({ lamp }, paint, { belt }) =>
      paint.solid(circle(9, belt + 2, lamp), '#f6e7a8', 'ball') +
      paint.solid(rectangle([91, belt], [4, 5], 1), '#b3312c', 'flat'),
    wheels: ({ wheel, wheelbase, rim }, paint) => {
      const y = 92 - wheel;
      const spoke = (x: number, turn: number) => {
        const [dx, dy] = [Math.cos(turn) * wheel * 0.55, Math.sin(turn) * wheel * 0.55];
        return paint.line(path`M${x - dx},${y - dy} L${x + dx},${y + dy}`, paint.hardware, 1.3);
      };
      const rims = {
        disc: (x: number) => paint.solid(circle(x, y, wheel * 0.55), paint.hardware, 'ball'),
        spokes: (x: number) => [0, 0.785, 1.571, 2.356].map(turn => spoke(x, turn)).join(''),
        ring: (x: number) =>
          paint.solid(circle(x, y, wheel * 0.6) + circle(x, y, wheel * 0.3), paint.accent, 'flat'),
      };
      return [50 - wheelbase / 2, 50 + wheelbase / 2]
        .map(x => paint.solid(circle(x, y, wheel), '#2a2a2d', 'ball') + rims[rim](x))
        .join('');
    },
    emblem: (_, paint, { belt }) => paint.emblem(52, belt + 6, 12),
  },
});
