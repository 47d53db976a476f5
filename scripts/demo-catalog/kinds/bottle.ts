import { bandAround, lathe, type Point, type Profile, path, rectangle } from '../path.js';
import { createKind } from './kind.js';

const shoulders: Readonly<Record<'round' | 'slope' | 'step' | 'pear', Profile>> = {
  round: [
    [0, 0],
    [0.6, 0.35],
    [1, 1],
  ],
  slope: [
    [0, 0],
    [0.35, 0.5],
    [1, 1],
  ],
  step: [
    [0, 0],
    [0.95, 0.2],
    [1, 1],
  ],
  pear: [
    [0, 0],
    [0.12, 0.5],
    [0.7, 0.9],
    [1, 1.4],
  ],
};

export const bottle = createKind({
  name: 'bottle',
  stance: 'standing',
  parts: {
    width: [24, 46],
    neck: [8, 16],
    neckHeight: [4, 20],
    shoulder: ['round', 'slope', 'step', 'pear'],
    shoulderHeight: [8, 20],
    cap: ['screw', 'cork', 'loop', 'sport', 'dropper'],
    label: ['none', 'band', 'patch', 'rings', 'dip'],
    waist: [-3, 3],
  },
  measure: parts => {
    const [half, neck, neckEnd] = [parts.width / 2, parts.neck / 2, 16 + parts.neckHeight];
    const shoulder = shoulders[parts.shoulder].map(
      ([out, down]): Point => [neck + (half - neck) * out, neckEnd + 1 + parts.shoulderHeight * down],
    );
    const profile: Profile = [
      [neck, 16],
      [neck, neckEnd],
      ...shoulder,
      [half - parts.waist, 72],
      [half, 86],
      [half - 2, 90],
    ];
    return { half, neck, profile };
  },
  layers: {
    body: (_, paint, { profile }) => paint.solid(lathe(profile, { smooth: true, sag: 1.5 }), paint.body),
    label: ({ label }, paint, { half, profile }) => {
      const band = (from: number, to: number, colour: string) =>
        paint.solid(bandAround(profile, { from, to, sag: 1.5 }), colour);
      const labels = {
        none: () => '',
        band: () => band(60, 78, paint.trim),
        patch: () => paint.solid(rectangle([50 - half * 0.6, 56], [half * 1.2, 22], 2.5), paint.trim, 'flat'),
        rings: () => band(58, 61, paint.accent) + band(76, 79, paint.accent),
        dip: () => band(76, 90, paint.accent),
      };
      return labels[label]();
    },
    cap: ({ cap }, paint, { neck }) => {
      const lid = (height: number, extra: number, colour: string) =>
        paint.solid(rectangle([50 - neck - extra, 18 - height], [2 * (neck + extra), height], 1.5), colour);
      const loop = path`M${50 - neck},12 C${48 - neck},-2 ${52 + neck},-2 ${50 + neck},12`;
      const caps = {
        screw: () => lid(10, 1.5, paint.accent),
        cork: () => lid(8, -0.5, '#b98a5a'),
        loop: () => paint.line(loop, paint.accent, 2.6) + lid(8, 1, paint.accent),
        sport: () => lid(7, 2, paint.hardware) + paint.solid(rectangle([47, 5], [6, 7], 2), paint.accent),
        dropper: () =>
          lid(6, 1, paint.hardware) + paint.solid(rectangle([47.5, 3], [5, 10], 2.5), paint.accent),
      };
      return caps[cap]();
    },
    emblem: (_, paint, { half }) => paint.emblem(50, 67, half * 0.85),
  },
});
