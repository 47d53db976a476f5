import { bandAround, circle, ellipse, lathe, type Profile, path, polygon } from '../path.js';
import { createKind } from './kind.js';

/** Half widths and heights as fractions of the shade's. */
const shades: Readonly<Record<'cone' | 'drum' | 'dome' | 'globe' | 'bell', Profile>> = {
  cone: [
    [0.42, 0],
    [1, 1],
  ],
  drum: [
    [0.84, 0],
    [0.9, 1],
  ],
  dome: [
    [0.15, 0],
    [0.7, 0.25],
    [0.98, 0.85],
    [1, 1],
  ],
  globe: [
    [0.3, 0],
    [0.66, 0.3],
    [0.66, 0.75],
    [0.36, 1],
  ],
  bell: [
    [0.3, 0],
    [0.45, 0.5],
    [1, 1],
  ],
};

const top = 8;

export const lamp = createKind({
  name: 'lamp',
  stance: 'standing',
  parts: {
    shade: ['cone', 'drum', 'dome', 'globe', 'bell'],
    shadeWidth: [46, 80],
    shadeHeight: [24, 42],
    stem: ['rod', 'balls', 'tripod', 'vase', 'stack'],
    stemWidth: [2.6, 5],
    footWidth: [22, 46],
    trim: ['none', 'edge', 'both', 'fringe'],
    chain: ['none', 'none', 'pull'],
  },
  measure: ({ shade, shadeWidth, shadeHeight, footWidth }) => {
    const [half, foot, bottom] = [shadeWidth / 2, footWidth / 2, top + shadeHeight];
    const profile: Profile = shades[shade].map(([out, down]) => [half * out, top + shadeHeight * down]);
    return { half, foot, bottom, profile };
  },
  layers: {
    stem: ({ stem, stemWidth }, paint, { foot, bottom }) => {
      const middle = (bottom + 88) / 2;
      const rod = paint.line(path`M50,${bottom - 3} V88`, paint.hardware, stemWidth);
      const disc = paint.solid(ellipse([50, 88], [foot, 4.5]), paint.hardware, 'flat');
      const leg = (way: number) =>
        paint.line(path`M50,${bottom} L${50 + way * foot * 1.1},90`, paint.hardware, stemWidth);
      const ball = (part: number) =>
        paint.solid(circle(50, bottom + (88 - bottom) * part, 4.5 + part * 4), paint.accent, 'ball');
      const step = (i: number) => {
        const [above, below, y] = [
          foot * (0.4 + i * 0.25),
          foot * (0.5 + i * 0.25),
          Math.max(middle - 2, 63) + i * 9,
        ];
        const outline = polygon(
          [
            [50 - above, y],
            [50 + above, y],
            [50 + below, y + 9],
            [50 - below, y + 9],
          ],
          2,
        );
        return paint.solid(outline, [paint.accent, paint.trim, paint.hardware][i]);
      };
      const vase: Profile = [
        [3.5, bottom + 4],
        [foot * 0.55, middle - 4],
        [foot * 0.8, middle + 9],
        [foot * 0.5, 90],
      ];
      const stems = {
        rod: () => rod + disc,
        balls: () => rod + disc + [0.25, 0.5, 0.75].map(ball).join(''),
        tripod: () => [0, -1, 1].map(leg).join(''),
        vase: () => rod + paint.solid(lathe(vase, { smooth: true, sag: 1 }), paint.trim),
        stack: () => rod + [0, 1, 2].map(step).join(''),
      };
      return stems[stem]();
    },
    chain: ({ chain }, paint, { half, bottom }) => {
      if (chain === 'none') return '';
      const x = 50 + half * 0.25;
      return (
        paint.line(path`M${x},${bottom} v12`, paint.hardware, 1) +
        paint.solid(circle(x, bottom + 13, 2), paint.accent, 'ball')
      );
    },
    shade: (_, paint, { profile }) => paint.solid(lathe(profile, { smooth: true, sag: 2 }), paint.body),
    trim: ({ trim }, paint, { bottom, profile }) => {
      const edge = (from: number, to: number) =>
        paint.solid(bandAround(profile, { from, to, sag: 2 }), paint.trim);
      const thread = (i: number) => {
        const x = 50 + profile[profile.length - 1][0] * ((i + 0.5) / 6 - 1);
        return paint.line(path`M${x},${bottom + 1} v4`, paint.accent, 1.4);
      };
      const trims = {
        none: () => '',
        edge: () => edge(bottom - 4, bottom),
        both: () => edge(bottom - 3.5, bottom) + edge(top + 1, top + 4),
        fringe: () => Array.from({ length: 12 }, (_, i) => thread(i)).join(''),
      };
      return trims[trim]();
    },
    emblem: ({ shadeHeight }, paint) => paint.emblem(50, top + shadeHeight * 0.58, 14),
  },
});
