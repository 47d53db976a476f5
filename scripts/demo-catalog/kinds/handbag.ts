import { circle, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

const bottom = 91;

export const handbag = createKind({
  name: 'handbag',
  stance: 'standing',
  parts: {
    topWidth: [46, 76],
    bottomWidth: [54, 84],
    height: [36, 58],
    corner: [2, 18],
    handle: ['arch', 'double', 'chain', 'strap', 'ring'],
    handleHeight: [16, 30],
    handleWidth: [2.4, 5],
    flap: ['none', 'none', 'half', 'full', 'point'],
    clasp: ['none', 'knob', 'bar', 'buckle'],
    base: ['plain', 'band', 'corners'],
  },
  measure: ({ topWidth, bottomWidth, height, flap }) => {
    const [above, below, top] = [topWidth / 2, bottomWidth / 2, bottom - height];
    const flapEnd = top + height * { none: 0.1, half: 0.42, full: 0.74, point: 0.68 }[flap];
    return { above, below, top, edge: (above + below) / 2, flapEnd };
  },
  layers: {
    handle: ({ handle, handleHeight, handleWidth }, paint, { above, top }) => {
      const peak = Math.max(3, top - handleHeight);
      const arch = (half: number, lift: number) =>
        path`M${50 - half},${top + 4} C${50 - half},${peak + lift - 6} ${50 + half},${peak + lift - 6} ${50 + half},${top + 4}`;
      const strap = path`M${52 - above},${top + 4} Q${50 - above},${peak - 2} 50,${peak} Q${50 + above},${peak - 2} ${48 + above},${top + 4}`;
      const handles = {
        arch: () => paint.line(arch(above * 0.6, 0), paint.trim, handleWidth),
        double: () =>
          paint.line(arch(above * 0.62, -2), paint.hardware, handleWidth) +
          paint.line(arch(above * 0.5, 5), paint.trim, handleWidth),
        chain: () =>
          `<path d="${arch(above * 0.85, 0)}" fill="none" stroke="${paint.hardware}" stroke-width="3" stroke-dasharray="3.4 1.6"/>`,
        strap: () => paint.line(strap, paint.body, handleWidth + 2),
        ring: () =>
          paint.line(circle(50, top - 7, Math.min(13, handleHeight * 0.6)), paint.hardware, handleWidth),
      };
      return handles[handle]();
    },
    body: ({ corner }, paint, { above, below, top }) =>
      paint.solid(
        polygon(
          [
            [50 - above, top],
            [50 + above, top],
            [50 + below, bottom],
            [50 - below, bottom],
          ],
          corner,
        ),
        paint.body,
        'flat',
      ),
    base: ({ base }, paint, { below }) => {
      const corner = (way: number) =>
        polygon(
          [
            [50 + way * below, 74],
            [50 + way * below, bottom],
            [50 + way * (below - 17), bottom],
          ],
          4,
        );
      const outlines = {
        plain: [],
        band: [rectangle([50.5 - below, 79], [2 * below - 1, 12], 4)],
        corners: [corner(-1), corner(1)],
      };
      return outlines[base].map(outline => paint.solid(outline, paint.accent, 'flat')).join('');
    },
    flap: ({ flap }, paint, { above, edge, top, flapEnd }) => {
      if (flap === 'none') return paint.line(path`M${52 - above},${top + 5} H${48 + above}`, paint.trim, 2);
      const outlines = {
        half: () =>
          polygon(
            [
              [50 - above, top],
              [50 + above, top],
              [50 + edge * 0.96, flapEnd],
              [50 - edge * 0.96, flapEnd],
            ],
            5,
          ),
        full: () =>
          path`M${50 - above},${top} H${50 + above} Q${50 + edge},${flapEnd} 50,${flapEnd} Q${50 - edge},${flapEnd} ${50 - above},${top} Z`,
        point: () =>
          polygon(
            [
              [50 - above, top],
              [50 + above, top],
              [50, flapEnd + 6],
            ],
            5,
          ),
      };
      return paint.solid(outlines[flap](), paint.trim, 'flat');
    },
    clasp: ({ clasp }, paint, { flapEnd }) => {
      const clasps = {
        none: () => '',
        knob: () => paint.solid(circle(50, flapEnd, 3.2), paint.hardware, 'ball'),
        bar: () => paint.solid(rectangle([43, flapEnd - 2], [14, 4.4], 1.5), paint.hardware, 'flat'),
        buckle: () =>
          paint.line(rectangle([45, flapEnd - 4], [10, 9], 1), paint.hardware, 1.8) +
          paint.line(path`M50,${flapEnd - 4} v9`, paint.hardware, 1),
      };
      return clasps[clasp]();
    },
    emblem: (_, paint, { edge }) => paint.emblem(50 - edge * 0.45, 70, 15),
  },
});
