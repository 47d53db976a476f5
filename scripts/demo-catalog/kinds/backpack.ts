import { circle, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

export const backpack = createKind({
  name: 'backpack',
  stance: 'standing',
  parts: {
    width: [46, 64],
    height: [62, 78],
    crown: [8, 30],
    taper: [-4, 8],
    pocket: ['none', 'one', 'two', 'round', 'stack'],
    pocketHeight: [18, 30],
    closing: ['zip', 'flap', 'roll', 'buckles'],
    sides: ['none', 'mesh', 'straps'],
    handle: [8, 18],
    patch: ['none', 'diamond', 'bottom'],
  },
  measure: ({ width, height, taper, pocketHeight }) => {
    const [half, top] = [width / 2, 91 - height];
    return { half, top, above: half - taper, pocketTop: 86 - pocketHeight, flapEnd: top + height * 0.4 };
  },
  layers: {
    handle: ({ handle }, paint, { top }) => {
      const [left, right] = [50 - handle / 1.4, 50 + handle / 1.4];
      return paint.line(
        path`M${left},${top + 3} C${left},${top - 11} ${right},${top - 11} ${right},${top + 3}`,
        paint.accent,
        3.2,
      );
    },
    sides: ({ sides }, paint, { half, above, top }) => {
      const mesh = (way: number) =>
        paint.solid(
          polygon(
            [
              [50 + way * (half - 3), 62],
              [50 + way * (half + 8), 66],
              [50 + way * (half + 7), 89],
              [50 + way * (half - 3), 90],
            ],
            3,
          ),
          paint.trim,
          'flat',
        );
      const strap = (way: number) =>
        paint.line(
          path`M${50 + way * (above - 4)},${top + 14} C${50 + way * (half + 15)},${top + 26} ${50 + way * (half + 13)},78 ${50 + way * (half - 3)},86`,
          paint.trim,
          4.5,
        );
      const styles = { none: () => '', mesh: () => mesh(-1) + mesh(1), straps: () => strap(-1) + strap(1) };
      return styles[sides]();
    },
    bag: ({ crown }, paint, { half, above, top }) =>
      paint.solid(
        polygon(
          [
            [50 - above, top],
            [50 + above, top],
            [50 + half, 91],
            [50 - half, 91],
          ],
          crown,
        ),
        paint.body,
      ),
    patch: ({ patch }, paint, { half, top }) => {
      const diamond = () =>
        polygon(
          [
            [50, top + 13],
            [56, top + 20],
            [50, top + 27],
            [44, top + 20],
          ],
          1,
        );
      const patches = {
        none: () => '',
        diamond: () => paint.solid(diamond(), paint.hardware, 'flat'),
        bottom: () => paint.solid(rectangle([50.5 - half, 80], [2 * half - 1, 11], 4), paint.accent, 'flat'),
      };
      return patches[patch]();
    },
    pockets: ({ pocket, pocketHeight }, paint, { half, pocketTop }) => {
      const draw = (x: number, width: number, radius: number) =>
        paint.solid(
          rectangle([50 + x * half, pocketTop], [width * half, pocketHeight], radius),
          paint.trim,
          'flat',
        ) + paint.line(path`M${53 + x * half},${pocketTop + 5} h${width * half - 6}`, paint.hardware, 1.3);
      const styles = {
        none: () => '',
        one: () => draw(-0.72, 1.44, 4),
        two: () => draw(-0.84, 0.78, 3) + draw(0.06, 0.78, 3),
        round: () => draw(-0.66, 1.32, 13),
        stack: () =>
          draw(-0.8, 1.6, 3) +
          paint.solid(rectangle([50 - half * 0.5, pocketTop - 14], [half, 11], 2), paint.accent, 'flat'),
      };
      return styles[pocket]();
    },
    closing: ({ closing }, paint, { above, top, flapEnd }) => {
      const [left, right] = [50 - above, 50 + above];
      const lid = path`M${left},${top + 6} Q${left},${top - 1} 50,${top - 1} Q${right},${top - 1} ${right},${top + 6} L${right + 1},${flapEnd - 6} Q50,${flapEnd + 6} ${left - 1},${flapEnd - 6} Z`;
      const zip = path`M${left + 4},${flapEnd - 4} Q${left + 3},${top + 6} 50,${top + 6} Q${right - 3},${top + 6} ${right - 4},${flapEnd - 4}`;
      const flap = () => paint.solid(lid, paint.trim, 'flat');
      const buckle = (x: number) =>
        paint.line(path`M${x},${top + 8} V${flapEnd + 10}`, paint.accent, 3.4) +
        paint.solid(rectangle([x - 3, flapEnd - 2], [6, 6], 1), paint.hardware, 'flat');
      const closings = {
        zip: () => paint.line(zip, paint.hardware, 1.6),
        flap: () => flap() + paint.solid(circle(50, flapEnd - 2, 2.6), paint.hardware, 'ball'),
        roll: () =>
          paint.solid(rectangle([left - 2, top - 3], [2 * above + 4, 12], 5), paint.main) + buckle(50),
        buckles: () => flap() + buckle(50 - above * 0.5) + buckle(50 + above * 0.5),
      };
      return closings[closing]();
    },
    emblem: ({ pocket, pocketHeight }, paint, { pocketTop }) =>
      paint.emblem(50, pocket === 'none' || pocket === 'two' ? 58 : pocketTop + pocketHeight * 0.58, 14),
  },
});
