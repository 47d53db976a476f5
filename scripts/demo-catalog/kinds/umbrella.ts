import { circle, path, rectangle } from '../path.js';
import { createKind } from './kind.js';

interface Canopy {
  readonly panels: number;
  readonly half: number;
  readonly apex: number;
  readonly hem: number;
  readonly scallop: number;
  readonly bow: number;
}

/** Panels spread over a dome: their seams meet at the apex and stand closer towards the sides. */
function outlinePanels({ panels, half, apex, hem, scallop, bow }: Canopy): string[] {
  const seamAt = (i: number): number => 50 - half * Math.cos((i * Math.PI) / panels);
  const bend = (x: number): string => path`${50 + (x - 50) * bow},${apex + (hem - apex) * 0.18}`;
  return Array.from({ length: panels }, (_, i) => {
    const [from, to] = [seamAt(i), seamAt(i + 1)];
    return path`M50,${apex} Q${bend(from)} ${from},${hem} Q${(from + to) / 2},${hem - scallop} ${to},${hem} Q${bend(to)} 50,${apex} Z`;
  });
}

export const umbrella = createKind({
  name: 'umbrella',
  stance: 'lying',
  parts: {
    width: [74, 94],
    depth: [26, 46],
    panels: [4, 8.9],
    scallop: [1, 9],
    bow: [0.7, 1.02],
    colouring: ['all', 'alternate', 'one', 'outer'],
    hem: ['none', 'piping', 'none'],
    handle: ['hook', 'stick', 'ball', 'square'],
    tip: [3, 9],
    shaft: [1.8, 3.6],
  },
  measure: ({ width, depth, tip, scallop, bow, ...parts }) => {
    const [apex, panels] = [4 + tip, Math.floor(parts.panels)];
    const outlines = outlinePanels({ panels, half: width / 2, apex, hem: apex + depth, scallop, bow });
    return { apex, panels, outlines };
  },
  layers: {
    shaft: ({ tip, shaft }, paint, { apex }) =>
      paint.line(path`M50,${apex - tip} V86`, paint.hardware, shaft),
    handle: ({ handle }, paint) => {
      const handles = {
        hook: () => paint.line('M50,77 V87 C50,96 37,96 37,87', paint.accent, 4),
        stick: () => paint.solid(rectangle([47, 75], [6, 18], 2.5), paint.accent),
        ball: () => paint.solid(circle(50, 88, 5.5), paint.accent, 'ball'),
        square: () => paint.line('M50,79 V92 H40 V87', paint.accent, 3.6),
      };
      return handles[handle]();
    },
    canopy: ({ colouring }, paint, { outlines, panels }) => {
      const isTrim = {
        all: () => false,
        alternate: (i: number) => i % 2 === 1,
        one: (i: number) => i === Math.floor(panels / 3),
        outer: (i: number) => i === 0 || i === panels - 1,
      }[colouring];
      return outlines
        .map((outline, i) =>
          paint.solid(outline, isTrim(i) ? paint.trim : paint.body, i < panels / 2 ? 'ball' : 'flat'),
        )
        .join('');
    },
    hem: ({ hem }, paint, { outlines }) =>
      hem === 'none'
        ? ''
        : `<path d="${outlines.join(' ')}" fill="none" stroke="${paint.accent}" stroke-width="1.3"/>`,
    ferrule: (_, paint, { apex }) => paint.solid(circle(50, apex, 2.2), paint.hardware, 'ball'),
    emblem: ({ depth }, paint, { apex }) => paint.emblem(50, apex + depth * 0.58, 15),
  },
});
