import { blob, circle, type Point, path, polygon } from '../path.js';
import { createKind } from './kind.js';

const ground = 91;

export const sneaker = createKind({
  name: 'sneaker',
  stance: 'standing',
  parts: {
    ankle: [34, 62],
    toe: [12, 24],
    sole: [5, 14],
    heelLift: [0, 7],
    solePattern: ['plain', 'line', 'treads', 'bubble'],
    laces: [3, 6.4],
    side: ['none', 'swoosh', 'bars', 'panel', 'dots'],
    toeCap: ['none', 'cap', 'bumper'],
    tab: ['none', 'loop', 'patch'],
  },
  measure: parts => {
    const floor = ground - parts.sole;
    const [heel, collar] = [floor - parts.heelLift, floor - parts.ankle];
    const [tongue, instep]: readonly [Point, Point] = [
      [42, collar - 3],
      [66, floor - parts.toe - 5],
    ];
    return { floor, heel, collar, tongue, instep, middle: floor - 13 };
  },
  layers: {
    tongue: (_, paint, { collar, instep }) =>
      paint.solid(
        polygon(
          [
            [33, collar],
            [40, collar - 6],
            [48, collar - 3],
            [68, instep[1] + 2],
            [50, instep[1] + 10],
          ],
          3,
        ),
        paint.trim,
      ),
    tab: ({ tab }, paint, { collar }) => {
      const tabs = {
        none: () => '',
        loop: () =>
          paint.line(
            path`M9,${collar + 8} C2,${collar + 4} 4,${collar - 5} 11,${collar - 2}`,
            paint.accent,
            2.2,
          ),
        patch: () =>
          paint.solid(
            polygon(
              [
                [8, collar + 2],
                [14, collar + 4],
                [14, collar + 15],
                [7, collar + 13],
              ],
              1,
            ),
            paint.accent,
            'flat',
          ),
      };
      return tabs[tab]();
    },
    upper: ({ toe }, paint, { floor, heel, collar, tongue, instep }) => {
      const back = path`M8,${heel} C4,${heel - 14} 10,${collar + 12} 9,${collar} Q22,${collar + 7} 34,${collar + 1}`;
      const front = path`L${tongue[0]},${tongue[1]} Q52,${instep[1] - 6} ${instep[0]},${instep[1]} C82,${floor - toe} 97,${floor - toe * 0.8} 96,${floor} Z`;
      return paint.solid(`${back} ${front}`, paint.body);
    },
    side: ({ side }, paint, { floor, heel, middle }) => {
      const bar = (x: number) =>
        polygon([
          [x, middle - 6],
          [x + 5, middle - 6],
          [x + 9, floor],
          [x + 4, floor],
        ]);
      const outlines = {
        none: [],
        swoosh: [
          path`M28,${middle} Q42,${middle + 15} 76,${middle - 3} Q44,${middle + 5} 36,${middle - 7} Z`,
        ],
        bars: [34, 43, 52].map(bar),
        panel: [
          path`M8,${heel} C6,${middle} 9,${middle - 8} 10,${middle - 12} Q24,${middle - 6} 32,${floor} Z`,
        ],
        dots: [0, 1, 2, 3].map(i => circle(32 + i * 9, middle + 4 + i * 0.8, 2.4)),
      };
      return outlines[side].map(outline => paint.solid(outline, paint.trim, 'flat')).join('');
    },
    laces: ({ laces }, paint, { tongue, instep }) =>
      Array.from({ length: Math.floor(laces) }, (_, i) => {
        const part = (i + 0.5) / Math.floor(laces);
        const [x, y] = [
          tongue[0] + (instep[0] - tongue[0]) * part,
          tongue[1] + (instep[1] - tongue[1]) * part,
        ];
        return paint.line(path`M${x + 2},${y + 1} L${x - 7},${y + 8}`, paint.accent, 1.9);
      }).join(''),
    toeCap: ({ toe, toeCap }, paint, { floor }) => {
      if (toeCap === 'none') return '';
      const outline = path`M79,${floor} C78,${floor - toe * 0.7} 82,${floor - toe * 0.95} 86,${floor - toe * 0.82} C93,${floor - toe * 0.6} 96,${floor - toe * 0.4} 96,${floor} Z`;
      return paint.solid(outline, toeCap === 'cap' ? paint.second : paint.hardware, 'ball');
    },
    sole: ({ side }, paint, { floor, heel }) => {
      const top: readonly Point[] = [
        [7, heel - 1],
        [50, floor - 1],
        [96, floor - 2],
      ];
      const outline = blob([
        ...top,
        [98, ground - 3],
        [90, ground],
        [50, ground],
        [9, ground],
        [5, ground - 3],
      ]);
      return paint.solid(outline, side === 'panel' ? paint.second : '#f1efe9', 'flat');
    },
    solePattern: ({ sole, solePattern }, paint, { heel }) => {
      const tread = (i: number) => paint.line(path`M${10 + i * 8},${ground - 3} v2.2`, paint.hardware, 2.4);
      const patterns = {
        plain: () => '',
        line: () => paint.line(path`M8,${ground - sole * 0.5} L95,${ground - sole * 0.5}`, paint.accent, 1.4),
        treads: () => Array.from({ length: 11 }, (_, i) => tread(i)).join(''),
        bubble: () => paint.solid(path`M12,${ground - 3} V${heel + 2} H34 L38,${ground - 3} Z`, paint.accent),
      };
      return patterns[solePattern]();
    },
    emblem: (_, paint, { collar }) => paint.emblem(22, collar + 17, 11),
  },
});
