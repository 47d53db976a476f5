import { bandAround, ellipse, lathe, type Profile, path } from '../path.js';
import { createKind } from './kind.js';

const centre = 42;

export const mug = createKind({
  name: 'mug',
  stance: 'standing',
  parts: {
    width: [40, 62],
    height: [38, 68],
    taper: [-6, 10],
    bulge: [-2, 6],
    handle: ['ring', 'square', 'ear', 'double'],
    reach: [14, 22],
    thickness: [4, 7.5],
    band: ['none', 'none', 'top', 'middle', 'bottom', 'pair'],
    lip: ['thin', 'thick'],
  },
  measure: ({ width, height, bulge, taper }) => {
    const [half, top] = [width / 2, 88 - height];
    const profile: Profile = [
      [half, top],
      [half + bulge, top + height * 0.5],
      [half - taper, 88],
    ];
    return { half, top, profile, sag: half * 0.12, at: (part: number): number => top + height * part };
  },
  layers: {
    handle: ({ handle, reach, thickness }, paint, { half, at }) => {
      const [right, out] = [centre + half - 1, centre + half + reach];
      const [upper, middle, lower] = [at(0.2), at(0.48), at(0.75)];
      const outlines = {
        ring: path`M${right},${upper} C${out + 7},${upper - 3} ${out + 7},${lower + 3} ${right - 2},${lower}`,
        square: path`M${right},${upper} L${out},${upper} L${out},${lower} L${right - 2},${lower}`,
        ear: path`M${right},${upper} C${out + 12},${upper - 8} ${out - 2},${middle + 4} ${right - 2},${lower + 6}`,
        double: path`M${right},${upper - 4} C${out + 3},${upper - 6} ${out + 3},${middle} ${right},${middle} C${out},${middle} ${out},${lower + 4} ${right - 2},${lower + 3}`,
      };
      return paint.line(outlines[handle], paint.main, thickness);
    },
    body: (_, paint, { profile, sag }) =>
      paint.solid(lathe(profile, { centre, smooth: true, sag }), paint.body),
    band: ({ band }, paint, { profile, at, sag }) => {
      const spans = {
        none: [],
        top: [[0.06, 0.2]],
        middle: [[0.42, 0.6]],
        bottom: [[0.72, 0.98]],
        pair: [
          [0.14, 0.22],
          [0.78, 0.86],
        ],
      };
      return spans[band]
        .map(([from, to]) =>
          paint.solid(bandAround(profile, { centre, from: at(from), to: at(to), sag }), paint.trim),
        )
        .join('');
    },
    mouth: ({ lip }, paint, { half, top }) => {
      const wall = lip === 'thick' ? 3.4 : 1.4;
      return (
        paint.solid(ellipse([centre, top], [half, half * 0.2]), paint.trim, 'flat') +
        paint.solid(
          ellipse([centre, top + wall * 0.3], [half - wall, half * 0.2 - wall * 0.6]),
          '#4b433f',
          'flat',
        )
      );
    },
    emblem: (_, paint, { half, at }) => paint.emblem(centre, at(0.54), half * 0.8),
  },
});
