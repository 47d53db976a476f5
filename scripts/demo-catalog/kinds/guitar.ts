import { blob, circle, ellipse, lathe, type Point, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

/** Outlines about the middle line, as fractions of the half width and of the way from 42 to 94. */
const halves = {
  folk: [
    [0.3, 0.08],
    [0.8, 0.17],
    [0.8, 0.31],
    [0.62, 0.44],
    [1, 0.65],
    [0.96, 0.83],
    [0.4, 0.98],
  ],
  slim: [
    [0.3, 0.08],
    [0.74, 0.17],
    [0.74, 0.31],
    [0.65, 0.44],
    [0.86, 0.65],
    [0.82, 0.83],
    [0.35, 0.98],
  ],
} as const satisfies Record<string, readonly Point[]>;

const outlines = {
  horns: [
    [0, 0.23],
    [-0.5, 0.15],
    [-0.85, 0],
    [-0.9, 0.23],
    [-0.68, 0.46],
    [-1, 0.73],
    [-0.4, 1],
    [0.5, 0.98],
    [1, 0.69],
    [0.66, 0.46],
    [0.82, 0.19],
    [0.7, 0.06],
    [0.45, 0.21],
  ],
  single: [
    [0, 0.1],
    [-0.7, 0.12],
    [-0.8, 0.31],
    [-0.6, 0.46],
    [-1, 0.73],
    [0, 1],
    [1, 0.73],
    [0.6, 0.46],
    [0.86, 0.23],
    [0.6, 0.25],
    [0.3, 0.21],
  ],
  vee: [
    [0, 0.04],
    [0.3, 0.19],
    [1.15, 1],
    [0.6, 1],
    [0, 0.62],
    [-0.6, 1],
    [-1.15, 1],
    [-0.3, 0.19],
  ],
} as const satisfies Record<string, readonly Point[]>;

const outlineOf = (shape: keyof typeof halves | keyof typeof outlines | 'round', half: number): string => {
  const down = (part: number): number => 42 + 52 * part;
  if (shape === 'round') return ellipse([50, 71], [half * 1.05, 23]);
  if (shape === 'folk' || shape === 'slim') {
    return lathe(
      halves[shape].map(([x, y]) => [half * x, down(y)]),
      { smooth: true, sag: 1 },
    );
  }
  const points = outlines[shape].map(([x, y]): Point => [50 + half * x, down(y)]);
  return shape === 'vee' ? polygon(points, 4) : blob(points);
};

export const guitar = createKind({
  name: 'guitar',
  stance: 'lying',
  parts: {
    shape: ['folk', 'slim', 'horns', 'single', 'vee', 'round'],
    width: [44, 62],
    neck: [4, 7],
    neckTop: [16, 26],
    head: ['slab', 'hook', 'spade', 'arrow'],
    sound: ['hole', 'rosette', 'pickups', 'slots'],
    guard: ['none', 'teardrop', 'wing'],
    pegs: [2, 3.9],
  },
  measure: ({ width }) => ({ half: width / 2 }),
  layers: {
    body: ({ shape }, paint, { half }) => paint.solid(outlineOf(shape, half), paint.body, 'flat'),
    guard: ({ guard }, paint, { half }) => {
      const shapes = {
        none: '',
        teardrop: path`M${50 + half * 0.2},66 Q${50 + half * 0.75},66 ${50 + half * 0.55},80 Q${50 + half * 0.3},80 ${50 + half * 0.2},66 Z`,
        wing: path`M50,56 Q${50 + half * 0.7},56 ${50 + half * 0.62},70 Q${50 + half * 0.7},84 50,84 Q${50 - half * 0.5},74 50,56 Z`,
      };
      return guard === 'none' ? '' : paint.solid(shapes[guard], paint.trim, 'flat');
    },
    sound: ({ sound }, paint, { half }) => {
      const dark = '#2a211c';
      const hole = (radius: number, colour: string) =>
        paint.solid(circle(50, 66, half * radius), colour, 'flat');
      const pickup = (y: number) =>
        paint.solid(rectangle([50 - half * 0.36, y], [half * 0.72, 4.5], 1), dark, 'flat');
      const knob = (y: number) => paint.solid(circle(50 + half * 0.5, y, 1.9), paint.accent, 'ball');
      const slot = (way: number) =>
        paint.line(path`M${50 + way * half * 0.48},64 q${way * 3},6 0,13`, dark, 1.8);
      const sounds = {
        hole: () => hole(0.28, dark),
        rosette: () => hole(0.36, paint.accent) + hole(0.26, dark),
        pickups: () => pickup(61) + pickup(71) + knob(80) + knob(84),
        slots: () => slot(-1) + slot(1),
      };
      return sounds[sound]();
    },
    neck: ({ neck, neckTop: top }, paint, { half }) => {
      const frets = Array.from({ length: 6 }, (_, i) => path`M${50 - neck / 2},${top + 4 + i * 5} h${neck}`);
      const strings = [49, 50, 51].map(x => path`M${x},${top} V82`);
      return [
        paint.solid(rectangle([50 - neck / 2, top], [neck, 60 - top], 0.8), '#5a3a26'),
        `<path d="${frets.join(' ')}" stroke="#d8d2c4" stroke-width="0.6"/>`,
        paint.solid(rectangle([50 - half * 0.34, 81], [half * 0.68, 3.6], 1), paint.hardware, 'flat'),
        `<path d="${strings.join(' ')}" stroke="#efeae0" stroke-width="0.4"/>`,
      ].join('');
    },
    pegs: ({ pegs, neck, neckTop }, paint) =>
      Array.from({ length: Math.floor(pegs) }, (_, i) =>
        [-1, 1]
          .map(way =>
            paint.solid(circle(50 + way * neck * 1.15, neckTop - 3 - i * 4, 1.5), paint.hardware, 'ball'),
          )
          .join(''),
      ).join(''),
    head: ({ head, neck, neckTop: top }, paint) => {
      const [left, right] = [50 - neck * 0.6, 50 + neck * 0.6];
      const heads = {
        slab: () =>
          polygon(
            [
              [left, top],
              [50 - neck, top - 11],
              [50 + neck, top - 11],
              [right, top],
            ],
            1.5,
          ),
        hook: () =>
          polygon(
            [
              [left, top],
              [50 - neck * 1.2, top - 12],
              [50 + neck * 0.4, top - 14],
              [right, top],
            ],
            2,
          ),
        spade: () =>
          blob([
            [left, top],
            [50 - neck * 1.1, top - 7],
            [50, top - 14],
            [50 + neck * 1.1, top - 7],
            [right, top],
          ]),
        arrow: () =>
          polygon(
            [
              [left, top],
              [50 - neck * 1.3, top - 6],
              [50, top - 15],
              [50 + neck * 1.3, top - 6],
              [right, top],
            ],
            0.8,
          ),
      };
      return paint.solid(heads[head](), paint.trim, 'flat');
    },
    emblem: (_, paint, { half }) => paint.emblem(50 - half * 0.5, 80, 9),
  },
});
