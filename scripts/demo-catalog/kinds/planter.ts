import type { Paint } from '../paint.js';
import { bandAround, blob, circle, ellipse, lathe, type Point, type Profile, path } from '../path.js';
import { createKind } from './kind.js';

interface Plant {
  readonly top: number;
  readonly stems: number;
  readonly leaf: number;
  readonly green: string;
  readonly paint: Paint;
}

/** Evenly from -1 (leftmost) to 1. */
const fan = (count: number): number[] => Array.from({ length: count }, (_, i) => (2 * i) / (count - 1) - 1);

/** Adding a plant is one entry here; each grows from the middle of the pot's mouth. */
const plants = {
  cactus: ({ top, stems, leaf, green, paint }: Plant) => {
    const crown = top - 30 - leaf;
    const arm = (way: number) =>
      paint.line(
        path`M50,${top - 12} C${50 + way * 15},${top - 10} ${50 + way * 13},${top - 20} ${50 + way * 13},${top - 25}`,
        green,
        6,
      );
    const trunk = paint.line(path`M50,${top + 2} V${crown + 5}`, green, leaf);
    return (
      arm(1) +
      (stems % 2 === 0 ? arm(-1) : '') +
      trunk +
      paint.solid(circle(50, crown, 3.4), paint.accent, 'ball')
    );
  },
  leafy: ({ top, stems, leaf, green, paint }: Plant) => {
    const outline = blob([
      [0, 2],
      [-leaf * 0.62, -18],
      [0, -34 - leaf * 0.4],
      [leaf * 0.62, -18],
    ]);
    const drawn = paint.solid(outline, green, 'flat') + paint.line('M0,0 V-26', '#3e5b34', 0.6);
    return fan(stems)
      .map(way => path`<g transform="translate(50,${top + 1}) rotate(${way * 62})">${drawn}</g>`)
      .join('');
  },
  blades: ({ top, stems, leaf, green, paint }: Plant) => {
    const blade = (way: number) => {
      const [root, bend] = [50 + way * 6, 50 + way * 15];
      return path`M${root - leaf * 0.25},${top + 2} Q${bend},${top - 20} ${50 + way * 24},${top - 46 + Math.abs(way) * 14} Q${bend + leaf * 0.5},${top - 16} ${root + leaf * 0.3},${top + 2} Z`;
    };
    return fan(stems)
      .map(way => paint.solid(blade(way), green, 'flat'))
      .join('');
  },
  flowers: ({ top, stems, leaf, green, paint }: Plant) => {
    const flower = (x: number, y: number) =>
      [0, 1.257, 2.513, 3.77, 5.027]
        .map(turn =>
          paint.solid(
            circle(x + 4.2 * Math.cos(turn), y + 4.2 * Math.sin(turn), leaf * 0.3),
            paint.accent,
            'ball',
          ),
        )
        .join('') + paint.solid(circle(x, y, 2.4), '#e8c14e', 'ball');
    const grown = (way: number) => {
      const [x, y] = [50 + way * 24, top - 36 + Math.abs(way) * 10];
      return (
        paint.line(path`M${50 + way * 4},${top + 1} Q${50 + way * 8},${top - 20} ${x},${y}`, green, 1.8) +
        flower(x, y)
      );
    };
    return fan(stems).map(grown).join('');
  },
  bush: ({ top, stems, leaf, green, paint }: Plant) => {
    const around = fan(stems).map((way): Point => [way * 17, -23 - (1 - Math.abs(way)) * 12]);
    const crowns: readonly Point[] = [[0, -32], ...around];
    const trunk = paint.line(path`M50,${top} v-16`, '#6b4a30', 3);
    return (
      trunk +
      crowns.map(([x, y]) => paint.solid(circle(50 + x, top + y, leaf * 0.95), green, 'ball')).join('')
    );
  },
};

/** Half widths and heights as fractions of the pot's. */
const pots = {
  taper: [
    [1, 0],
    [0.66, 1],
  ],
  bowl: [
    [1, 0],
    [1.05, 0.35],
    [0.85, 0.75],
    [0.5, 1],
  ],
  cylinder: [
    [0.85, 0],
    [0.85, 1],
  ],
  urn: [
    [0.8, 0],
    [0.7, 0.15],
    [1.05, 0.5],
    [0.55, 1],
  ],
  box: [
    [0.95, 0],
    [0.9, 0.9],
    [0.82, 1],
  ],
} as const satisfies Record<string, Profile>;

export const planter = createKind({
  name: 'planter',
  stance: 'standing',
  parts: {
    plant: ['cactus', 'leafy', 'blades', 'flowers', 'bush'],
    stems: [3, 6.9],
    leaf: [9, 14],
    green: ['#4f7f43', '#6f9a4e', '#3c6b55', '#8aa05a'],
    pot: ['taper', 'bowl', 'cylinder', 'urn', 'box'],
    width: [32, 54],
    height: [26, 42],
    rim: ['none', 'thick', 'thin'],
    band: ['none', 'none', 'middle', 'low'],
    under: ['none', 'saucer', 'legs'],
  },
  measure: ({ width, height, pot, under }) => {
    const [half, top] = [width / 2, (under === 'legs' ? 84 : 90) - height];
    const at = (part: number): number => top + height * part;
    const profile: Profile = pots[pot].map(([out, down]) => [half * out, at(down)]);
    return { half, top, at, profile, mouth: profile[0][0] };
  },
  layers: {
    under: ({ under }, paint, { half }) => {
      const leg = (way: number) =>
        paint.line(path`M${50 + way * half * 0.5},80 L${50 + way * half * 0.7},91`, paint.hardware, 3);
      const unders = {
        none: () => '',
        saucer: () => paint.solid(ellipse([50, 90], [half * 0.95, 3.4]), paint.trim, 'flat'),
        legs: () => leg(-1) + leg(1),
      };
      return unders[under]();
    },
    soil: (_, paint, { top, mouth }) => paint.solid(ellipse([50, top], [mouth, 3.2]), '#4a382b', 'flat'),
    plant: ({ plant, stems, leaf, green }, paint, { top }) =>
      plants[plant]({ top, stems: Math.floor(stems), leaf, green, paint }),
    pot: ({ pot }, paint, { profile }) =>
      paint.solid(lathe(profile, { smooth: pot !== 'box', sag: 2, mouth: 2.5 }), paint.body),
    band: ({ band }, paint, { profile, at }) => {
      if (band === 'none') return '';
      const [from, to] = band === 'middle' ? [0.4, 0.6] : [0.68, 0.92];
      return paint.solid(bandAround(profile, { from: at(from), to: at(to), sag: 2 }), paint.accent);
    },
    rim: ({ rim }, paint, { profile, mouth, top, at }) => {
      const collar: Profile = [
        [mouth + 2.5, top],
        [mouth + 2, at(0.2)],
      ];
      const rims = {
        none: () => '',
        thin: () => paint.solid(bandAround(profile, { from: top, to: at(0.08), sag: 2 }), paint.trim),
        thick: () => paint.solid(bandAround(collar, { from: top, to: at(0.2), sag: 2 }), paint.trim),
      };
      return rims[rim]();
    },
    emblem: (_, paint, { half, at }) => paint.emblem(50, at(0.58), half * 0.7),
  },
});
