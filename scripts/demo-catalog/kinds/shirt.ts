import { circle, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

const top = 10;

export const shirt = createKind({
  name: 'shirt',
  stance: 'lying',
  parts: {
    width: [46, 62],
    length: [66, 84],
    sleeve: ['short', 'long', 'cap', 'none'],
    sleeveColour: ['body', 'trim', 'accent'],
    cuff: ['none', 'band'],
    neck: ['crew', 'vee', 'scoop', 'polo', 'henley'],
    front: ['none', 'pocket', 'band', 'yoke', 'sash'],
    hem: ['straight', 'curved', 'band'],
    flare: [-3, 6],
  },
  measure: ({ width, length, neck: style, flare }) => {
    const half = width / 2;
    const neck = half * 0.42;
    const drop = { crew: 7, vee: 17, scoop: 15, polo: 9, henley: 8 }[style];
    const line =
      style === 'vee'
        ? path`L50,${top + drop} L${50 + neck},${top}`
        : path`Q50,${top + drop * 2} ${50 + neck},${top}`;
    return {
      half,
      neck,
      drop,
      hip: half + flare,
      end: top + length,
      neckline: path`M${50 - neck},${top} ${line}`,
    };
  },
  layers: {
    sleeves: ({ sleeve, sleeveColour, cuff }, paint, { half }) => {
      if (sleeve === 'none') return '';
      const [reach, drop, width] = { cap: [7, 17, 11], short: [15, 29, 11], long: [17, 66, 9] }[sleeve];
      const end = top + drop;
      const draw = (way: number): string => {
        const out = 50 + way * (half + reach);
        const inner = out - way * width;
        const outline = polygon(
          [
            [50 + way * half * 0.85, top + 3],
            [50 + way * (half + 3), top + 8],
            [out, end - 2],
            [inner, end + 2],
            [50 + way * (half - 3), top + 30],
          ],
          2,
        );
        const band = polygon(
          [
            [out, end - 4],
            [inner, end - 0.5],
            [inner, end + 3],
            [out, end],
          ],
          0.6,
        );
        return (
          paint.solid(outline, paint[sleeveColour], 'flat') +
          (cuff === 'band' ? paint.solid(band, paint.accent, 'flat') : '')
        );
      };
      return draw(-1) + draw(1);
    },
    torso: ({ hem }, paint, { half, hip, end, neckline }) => {
      const dip = hem === 'curved' ? 9 : 0;
      const right = path`L${50 + half},${top + 6} L${48 + half},${top + 30} L${50 + hip},${end - dip}`;
      const left = path`Q50,${end + dip} ${50 - hip},${end - dip} L${52 - half},${top + 30} L${50 - half},${top + 6} Z`;
      return paint.solid(`${neckline} ${right} ${left}`, paint.body, 'flat');
    },
    front: ({ front }, paint, { half, neck, drop, end }) => {
      const outlines = {
        none: () => '',
        pocket: () => rectangle([50 + half * 0.2, top + 24], [half * 0.5, 15], 2),
        band: () => rectangle([52 - half, top + 30], [2 * half - 4, 13]),
        yoke: () =>
          polygon([
            [50 - half, top + 6],
            [50 - neck, top],
            [50, top + drop + 2],
            [50 + neck, top],
            [50 + half, top + 6],
            [49 + half, top + 20],
            [51 - half, top + 20],
          ]),
        sash: () =>
          polygon([
            [52 - half, top + 16],
            [52 - half, top + 29],
            [48 + half, end - 10],
            [48 + half, end - 23],
          ]),
      };
      return front === 'none' ? '' : paint.solid(outlines[front](), paint.trim, 'flat');
    },
    hem: ({ hem }, paint, { hip, end }) =>
      hem === 'band'
        ? paint.solid(rectangle([50.5 - hip, end - 6], [2 * hip - 1, 6], 1), paint.trim, 'flat')
        : '',
    collar: ({ neck: style }, paint, { neck, neckline }) => {
      const buttons = (...drops: number[]) =>
        drops.map(drop => paint.solid(circle(50, top + drop, 1.4), paint.hardware, 'ball')).join('');
      const wing = (way: number) =>
        paint.solid(
          polygon(
            [
              [50 + way * neck, top - 1],
              [50 + way * (neck + 3), top + 7],
              [50 + way * 5, top + 15],
              [50, top + 9],
            ],
            1,
          ),
          paint.trim,
          'flat',
        );
      const edge = paint.line(neckline, paint.accent, 2);
      if (style === 'polo') return edge + wing(-1) + wing(1) + buttons(19);
      if (style === 'henley')
        return edge + paint.line(path`M50,${top + 8} v18`, paint.trim, 4) + buttons(12, 18, 24);
      return edge;
    },
    emblem: ({ front }, paint, { half }) =>
      front === 'pocket' ? paint.emblem(50 - half * 0.42, top + 37, 12) : paint.emblem(50, top + 37, 20),
  },
});
