import { blob, circle, ellipse, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

export const chair = createKind({
  name: 'chair',
  stance: 'standing',
  parts: {
    width: [42, 64],
    backHeight: [26, 46],
    back: ['solid', 'slats', 'ladder', 'oval', 'shell', 'cross'],
    legs: ['four', 'splayed', 'sled', 'pedestal', 'wheels'],
    legWidth: [2.4, 4.8],
    seatHeight: [28, 38],
    cushion: [5, 13],
    arms: ['none', 'none', 'bent', 'padded'],
  },
  measure: ({ width, backHeight, seatHeight, back }) => {
    const [half, seat] = [width / 2, 91 - seatHeight];
    const isPlate = back === 'solid' || back === 'shell' || back === 'oval';
    return { half, seat, top: Math.max(5, seat - backHeight - 4), isPlate };
  },
  layers: {
    legs: ({ legs, legWidth }, paint, { half, seat }) => {
      const line = (outline: string) => paint.line(outline, paint.hardware, legWidth);
      const leg = (inset: number, splay: number, foot: number) =>
        [-1, 1]
          .map(way =>
            line(
              path`M${50 + way * (half - 2 - inset)},${seat} L${50 + way * (half - 2 - inset + splay)},${foot}`,
            ),
          )
          .join('');
      const column = (end: number) => line(path`M50,${seat} V${end}`);
      const wheel = (way: number) => {
        const x = 50 + way * half * 0.85;
        return line(path`M50,79 L${x},87`) + paint.solid(circle(x, 88.5, 2.8), '#3a3a3d', 'ball');
      };
      const styles = {
        four: () => leg(7, 0, 84) + leg(0, 0, 91),
        splayed: () => leg(9, 5, 83) + leg(3, 8, 91),
        sled: () => line(path`M${52 - half},${seat} L${50 - half},90 H${50 + half} L${48 + half},${seat}`),
        pedestal: () => column(86) + paint.solid(ellipse([50, 88], [half * 0.8, 4]), paint.hardware, 'flat'),
        wheels: () => column(80) + [-1, -0.4, 0.4, 1].map(wheel).join(''),
      };
      return styles[legs]();
    },
    back: ({ back }, paint, { half, seat, top }) => {
      const middle = (top + seat - 6) / 2;
      const outlines = {
        solid: () => rectangle([52 - half, top], [2 * half - 4, seat - top], 6),
        shell: () =>
          blob([
            [50 - half, seat + 2],
            [50 - half * 0.95, top + 12],
            [50, top],
            [50 + half * 0.95, top + 12],
            [50 + half, seat + 2],
          ]),
        oval: () => ellipse([50, middle], [half * 0.86, middle - top]),
      };
      if (back !== 'slats' && back !== 'ladder' && back !== 'cross') {
        const post = back === 'oval' ? paint.line(path`M50,${seat} V${seat - 8}`, paint.hardware, 5) : '';
        return post + paint.solid(outlines[back](), paint.body, back === 'solid' ? 'flat' : 'ball');
      }
      const fillings = {
        slats: [-0.6, -0.2, 0.2, 0.6].map(x => path`M${50 + x * half},${top} V${seat}`),
        ladder: [0.18, 0.46, 0.74].map(y => path`M${54 - half},${top + (seat - top) * y} H${46 + half}`),
        cross: [
          path`M${54 - half},${seat} L${46 + half},${top}`,
          path`M${54 - half},${top} L${46 + half},${seat}`,
        ],
      };
      const filling = fillings[back]
        .map(line => paint.line(line, paint.main, back === 'ladder' ? 4.4 : 3))
        .join('');
      return (
        filling +
        paint.line(
          path`M${54 - half},${seat} L${53 - half},${top} H${47 + half} L${46 + half},${seat}`,
          paint.trim,
          4,
        )
      );
    },
    emblem: (_, paint, { isPlate, seat, top }) => (isPlate ? paint.emblem(50, (top + seat) / 2 - 2, 17) : ''),
    seat: ({ cushion }, paint, { half, seat, isPlate }) => {
      const [above, below, end] = [half - 3, half + 2, seat + cushion];
      const outline = polygon(
        [
          [50 - above, seat - 3],
          [50 + above, seat - 3],
          [50 + below, end],
          [50 - below, end],
        ],
        3.5,
      );
      return paint.solid(outline, isPlate ? paint.trim : paint.body, 'flat');
    },
    arms: ({ arms }, paint, { half, seat }) => {
      if (arms === 'none') return '';
      const [colour, width] = arms === 'bent' ? [paint.hardware, 2.6] : [paint.accent, 6];
      const arm = (way: number) =>
        path`M${50 + way * (half - 2)},${seat - 18} L${50 + way * (half + 6)},${seat - 15} V${seat + 3}`;
      return [-1, 1].map(way => paint.line(arm(way), colour, width)).join('');
    },
  },
});
