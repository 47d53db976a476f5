import { circle, path, polygon, rectangle } from '../path.js';
import { createKind } from './kind.js';

export const camera = createKind({
  name: 'camera',
  stance: 'standing',
  parts: {
    width: [66, 88],
    height: [38, 54],
    corner: [3, 12],
    hump: ['none', 'prism', 'box', 'offset'],
    lens: [14, 21],
    lensX: [-8, 10],
    rings: ['one', 'two', 'hood'],
    covering: ['whole', 'belt', 'grip'],
    knobs: [1, 3.9],
    flash: ['none', 'square', 'round'],
    strap: ['none', 'loop', 'lugs'],
  },
  measure: ({ width, height, lens, lensX }) => {
    const [half, top] = [width / 2, 91 - height];
    return { half, top, radius: Math.min(lens, height * 0.46), x: 50 + lensX, y: 91 - height * 0.47 };
  },
  layers: {
    strap: ({ strap }, paint, { half, top }) => {
      const [left, right] = [52 - half, 48 + half];
      const loop = path`M${left},${top + 4} C${left - 12},${top - 34} ${right + 12},${top - 34} ${right},${top + 4}`;
      const lug = (way: number) =>
        paint.line(circle(50 + way * (half + 1.5), top + 7, 2.6), paint.hardware, 1.2);
      const straps = {
        none: () => '',
        loop: () => paint.line(loop, paint.accent, 3),
        lugs: () => lug(-1) + lug(1),
      };
      return straps[strap]();
    },
    knobs: ({ knobs }, paint, { half, top }) => {
      const knob = (i: number) => rectangle([54 - half + i * 12, top - 4.5], [9 - i * 1.5, 6], 1);
      return Array.from({ length: Math.floor(knobs) }, (_, i) =>
        paint.solid(knob(i), i === 0 ? paint.accent : paint.hardware),
      ).join('');
    },
    hump: ({ hump, covering }, paint, { half, top, x }) => {
      const humps = {
        none: () => '',
        prism: () =>
          polygon(
            [
              [x - 16, top + 2],
              [x - 9, top - 13],
              [x + 9, top - 13],
              [x + 16, top + 2],
            ],
            2.5,
          ),
        box: () => rectangle([x - 13, top - 10], [26, 13], 2),
        offset: () => rectangle([18 + half, top - 8], [22, 11], 3),
      };
      return hump === 'none'
        ? ''
        : paint.solid(humps[hump](), covering === 'belt' ? paint.trim : paint.main, 'flat');
    },
    covering: ({ covering, width, height, corner }, paint, { half, top }) => {
      const box = rectangle([50 - half, top], [width, height], corner);
      const whole = () => paint.solid(box, paint.body, 'flat');
      const coverings = {
        whole,
        belt: () =>
          paint.solid(box, paint.trim, 'flat') +
          paint.solid(rectangle([50.5 - half, top + 11], [width - 1, height - 19]), paint.body, 'flat'),
        grip: () => whole() + paint.solid(rectangle([50 - half, top], [17, height], 5), paint.trim),
      };
      return coverings[covering]();
    },
    flash: ({ flash }, paint, { half, top }) => {
      const outlines = {
        none: '',
        square: rectangle([33 + half, top + 4], [11, 7], 1),
        round: circle(40 + half, top + 9, 4),
      };
      return flash === 'none' ? '' : paint.solid(outlines[flash], '#eef2f4', 'flat');
    },
    lens: ({ rings }, paint, { radius, x, y }) => {
      const disc = (size: number, colour: string) => paint.solid(circle(x, y, radius * size), colour, 'flat');
      const glint = circle(x - radius * 0.16, y - radius * 0.18, radius * 0.12);
      return [
        disc(1, rings === 'hood' ? '#2b2b2e' : paint.hardware),
        rings === 'two' ? disc(0.85, paint.accent) : '',
        disc({ one: 0.82, two: 0.72, hood: 0.86 }[rings], '#26272b'),
        paint.solid(circle(x, y, radius * 0.5), '#34486b', 'ball'),
        `<path d="${glint}" fill="#ffffff" fill-opacity="0.75"/>`,
      ].join('');
    },
    emblem: ({ height }, paint, { half }) => paint.emblem(59 - half, 91 - height * 0.25, 11),
  },
});
