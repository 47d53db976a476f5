import type { Paint } from '../paint.js';
import { circle, ellipse, path, rectangle } from '../path.js';
import { createKind } from './kind.js';

const cupY = 66;

const cups = {
  round: (size: number) => circle(0, 0, size),
  oval: (size: number) => ellipse([0, 0], [size * 0.82, size * 1.2]),
  square: (size: number) => rectangle([-size * 0.85, -size], [size * 1.7, size * 2], size * 0.3),
  shell: (size: number) =>
    path`M0,${-size * 1.15} C${size * 1.3},${-size} ${size},${size * 1.2} 0,${size} C${-size},${size * 1.2} ${-size * 1.3},${-size} 0,${-size * 1.15} Z`,
};

const faces = {
  disc: (paint: Paint, outline: (size: number) => string, size: number) =>
    paint.solid(outline(size * 0.55), paint.accent, 'flat'),
  ring: (paint: Paint, outline: (size: number) => string, size: number) =>
    paint.line(outline(size * 0.62), paint.accent, 1.8),
  plain: () => '',
  grille: (paint: Paint, _: unknown, size: number) =>
    [-4, 0, 4].map(x => paint.line(path`M${x},${-size * 0.5} V${size * 0.5}`, paint.hardware, 1.4)).join(''),
};

export const headphones = createKind({
  name: 'headphones',
  stance: 'lying',
  parts: {
    span: [26, 36],
    bandTop: [6, 16],
    bandWidth: [4, 10],
    pad: ['none', 'cushion', 'double'],
    cup: ['round', 'oval', 'square', 'shell'],
    cupSize: [12, 17.5],
    tilt: [0, 14],
    yoke: ['fork', 'rod', 'none'],
    face: ['disc', 'ring', 'plain', 'grille'],
    extra: ['none', 'none', 'boom', 'cable'],
  },
  measure: ({ span, bandTop }) => {
    const [left, right] = [50 - span, 50 + span];
    const arch = (inset: number): string => {
      const peak = bandTop - 6 + inset;
      return path`M${left + inset},54 C${left + inset - 2},${peak} ${right - inset + 2},${peak} ${right - inset},54`;
    };
    return { left, right, arch };
  },
  layers: {
    extra: ({ extra, cupSize }, paint, { left, right }) => {
      const boom = path`M${left},${cupY + 8} Q${left + 6},94 44,92`;
      const cable = path`M${right},${cupY + cupSize} C${right},98 60,84 50,98`;
      const extras = {
        none: () => '',
        boom: () =>
          paint.line(boom, paint.hardware, 1.8) + paint.solid(ellipse([46, 92], [4, 2.8]), '#2b2b2e', 'ball'),
        cable: () => paint.line(cable, paint.hardware, 1.6),
      };
      return extras[extra]();
    },
    band: ({ bandWidth }, paint, { arch }) => paint.line(arch(0), paint.main, bandWidth),
    pad: ({ pad, span, bandTop, bandWidth }, paint, { arch }) => {
      const cushion = path`M${50 - span * 0.62},${bandTop + 17} C${50 - span * 0.4},${bandTop + 6} ${50 + span * 0.4},${bandTop + 6} ${50 + span * 0.62},${bandTop + 17}`;
      const pads = {
        none: () => '',
        cushion: () => paint.line(cushion, paint.trim, bandWidth * 0.8),
        double: () => paint.line(arch(7), paint.trim, 2.4),
      };
      return pads[pad]();
    },
    cups: ({ cup, cupSize: size, tilt, yoke, face }, paint, { left, right }) => {
      const outline = cups[cup];
      const yokes = {
        fork: (way: number) =>
          paint.line(
            path`M0,${-size * 1.25} C${way * size * 1.2},${-size * 1.1} ${way * size * 1.25},0 ${way * size * 0.9},2`,
            paint.hardware,
            2.2,
          ),
        rod: () => paint.line(path`M0,${-size - 9} V${-size * 0.4}`, paint.hardware, 4),
        none: () => '',
      };
      const draw = (x: number, way: number): string => {
        const cushion = path`<g transform="translate(${-way * 5},0)">${paint.solid(outline(size * 1.08), paint.trim, 'ball')}</g>`;
        const shell = paint.solid(outline(size), paint.body, 'ball');
        const front = faces[face](paint, outline, size) + paint.emblem(0, 0, size * 0.75);
        return path`<g transform="translate(${x},${cupY}) rotate(${way * tilt})">${cushion + yokes[yoke](way) + shell + front}</g>`;
      };
      return draw(left, -1) + draw(right, 1);
    },
  },
});
