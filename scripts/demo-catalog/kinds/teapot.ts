import { bandAround, circle, ellipse, lathe, type Profile, path, rectangle } from '../path.js';
import { createKind } from './kind.js';

/** Half widths and heights as fractions of the pot's. */
const shapes: Readonly<Record<'ball' | 'pear' | 'cone' | 'drum' | 'urn', Profile>> = {
  ball: [
    [0.5, 0],
    [0.92, 0.25],
    [1, 0.55],
    [0.8, 0.85],
    [0.5, 1],
  ],
  pear: [
    [0.42, 0],
    [0.6, 0.3],
    [1, 0.7],
    [0.86, 0.92],
    [0.6, 1],
  ],
  cone: [
    [0.45, 0],
    [0.72, 0.5],
    [1, 1],
  ],
  drum: [
    [0.75, 0],
    [0.95, 0.08],
    [0.95, 0.92],
    [0.85, 1],
  ],
  urn: [
    [0.7, 0],
    [1, 0.3],
    [0.75, 0.7],
    [0.4, 1],
  ],
};

export const teapot = createKind({
  name: 'teapot',
  stance: 'standing',
  parts: {
    width: [42, 56],
    height: [36, 54],
    shape: ['ball', 'pear', 'cone', 'drum', 'urn'],
    spout: ['swan', 'straight', 'beak'],
    handle: ['ear', 'square', 'over'],
    handleWidth: [3, 5.5],
    lid: ['flat', 'dome', 'cone'],
    knob: ['ball', 'ring', 'disc'],
    band: ['none', 'none', 'middle', 'shoulder', 'foot'],
    foot: ['none', 'ring', 'legs'],
  },
  measure: ({ width, height, shape, foot, lid }) => {
    const half = width / 2;
    const top = (foot === 'none' ? 90 : 86) - height;
    const at = (part: number): number => top + height * part;
    const profile: Profile = shapes[shape].map(([out, down]) => [half * out, at(down)]);
    return {
      half,
      top,
      at,
      profile,
      neck: profile[0][0],
      lidTop: top - { flat: 2.5, dome: 8, cone: 9 }[lid],
    };
  },
  layers: {
    foot: ({ foot }, paint, { half, profile }) => {
      const leg = (way: number) =>
        paint.line(path`M${50 + way * half * 0.42},82 L${50 + way * half * 0.54},90`, paint.hardware, 3.6);
      const feet = {
        none: () => '',
        ring: () => paint.solid(ellipse([50, 88], [profile[profile.length - 1][0], 3.5]), paint.trim, 'flat'),
        legs: () => leg(-1) + leg(1),
      };
      return feet[foot]();
    },
    handle: ({ handle, handleWidth }, paint, { half, top, at }) => {
      const side = 50 + half * 0.8;
      const [from, to] = [50 - half * 0.72, 50 + half * 0.72];
      const outlines = {
        ear: path`M${side - 3},${at(0.18)} C${side + 26},${at(0)} ${side + 24},${at(0.85)} ${side - 2},${at(0.74)}`,
        square: path`M${side - 3},${at(0.15)} H${side + 16} V${at(0.7)} H${side - 2}`,
        over: path`M${from},${at(0.14)} C${from - 2},${top - 34} ${to + 2},${top - 34} ${to},${at(0.14)}`,
      };
      return paint.line(outlines[handle], handle === 'over' ? paint.hardware : paint.trim, handleWidth);
    },
    spout: ({ spout }, paint, { half, at }) => {
      const root = 50 - half * 0.72;
      const swanUp = path`M${root},${at(0.45)} C${root - 16},${at(0.5)} ${root - 12},${at(0.05)} ${root - 21},${at(-0.06)} L${root - 14},${at(-0.1)}`;
      const swanDown = path`C${root - 4},${at(0)} ${root - 8},${at(0.3)} ${root + 4},${at(0.25)} L${root},${at(0.75)} C${root - 6},${at(0.72)} ${root - 10},${at(0.7)} ${root},${at(0.45)} Z`;
      const outlines = {
        swan: `${swanUp} ${swanDown}`,
        straight: path`M${root},${at(0.72)} L${root - 21},${at(0.02)} L${root - 14},${at(-0.02)} L${root + 4},${at(0.3)} Z`,
        beak: path`M${root},${at(0.5)} L${root - 17},${at(0.06)} Q${root - 8},${at(0.02)} ${root + 6},${at(0.1)} Z`,
      };
      return paint.solid(outlines[spout], paint.main);
    },
    body: (_, paint, { profile }) =>
      paint.solid(lathe(profile, { smooth: true, sag: 2.2 }), paint.body, 'ball'),
    band: ({ band }, paint, { profile, at }) => {
      if (band === 'none') return '';
      const [from, to] = { middle: [0.45, 0.6], shoulder: [0.04, 0.18], foot: [0.84, 0.97] }[band];
      return paint.solid(bandAround(profile, { from: at(from), to: at(to), sag: 2 }), paint.trim);
    },
    lid: ({ lid }, paint, { neck, top, lidTop }) => {
      const [left, right] = [50 - neck, 50 + neck];
      const seat = path`Q50,${top + 5} ${left},${top + 1} Z`;
      const outlines = {
        flat: rectangle([left, lidTop - 1], [2 * neck, 5], 2),
        dome: path`M${left},${top + 1} C${50 - neck * 0.8},${lidTop - 2} ${50 + neck * 0.8},${lidTop - 2} ${right},${top + 1} ${seat}`,
        cone: path`M${left},${top + 1} L48,${lidTop} H52 L${right},${top + 1} ${seat}`,
      };
      return paint.solid(outlines[lid], paint.trim);
    },
    knob: ({ knob }, paint, { lidTop }) => {
      const knobs = {
        ball: () => paint.solid(circle(50, lidTop - 3, 3.6), paint.accent, 'ball'),
        ring: () => paint.line(circle(50, lidTop - 4, 3.4), paint.hardware, 1.8),
        disc: () => paint.solid(rectangle([44, lidTop - 4.5], [12, 3], 1.4), paint.accent),
      };
      return knobs[knob]();
    },
    emblem: (_, paint, { half, at }) => paint.emblem(50, at(0.55), half * 0.7),
  },
});
