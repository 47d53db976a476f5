/** Outlines as SVG path data. Kinds are drawn in a box of 100 × 100, y downwards. */
export type Point = readonly [x: number, y: number];

const round = (value: number | string): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;

/** A template whose numbers come out with two decimals at most. */
export const path = (texts: TemplateStringsArray, ...values: readonly (number | string)[]): string =>
  texts.reduce((text, part, i) => `${text}${round(values[i - 1])}${part}`);

export const ellipse = ([x, y]: Point, [rx, ry]: Point): string =>
  path`M${x - rx},${y} A${rx},${ry} 0 1 1 ${x + rx},${y} A${rx},${ry} 0 1 1 ${x - rx},${y} Z`;

export const circle = (x: number, y: number, radius: number): string => ellipse([x, y], [radius, radius]);

const stepTowards = ([x, y]: Point, [toX, toY]: Point, step: number): Point => {
  const length = Math.hypot(toX - x, toY - y) || 1;
  const part = Math.min(step, length / 2) / length;
  return [x + (toX - x) * part, y + (toY - y) * part];
};

/** A closed polygon with rounded corners. */
export function polygon(points: readonly Point[], radius = 0): string {
  const corners = points.map((corner, i) => {
    const from = stepTowards(corner, points[(i + points.length - 1) % points.length], radius);
    const to = stepTowards(corner, points[(i + 1) % points.length], radius);
    return path`${i === 0 ? 'M' : 'L'}${from[0]},${from[1]} Q${corner[0]},${corner[1]} ${to[0]},${to[1]}`;
  });
  return `${corners.join(' ')} Z`;
}

export const rectangle = ([x, y]: Point, [width, height]: Point, radius = 0): string =>
  polygon(
    [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ],
    radius,
  );

const splineThrough = (points: readonly Point[], at: (i: number) => Point): string =>
  points
    .map((from, i) => {
      const [before, to, after] = [at(i - 1), at(i + 1), at(i + 2)];
      return path`C${from[0] + (to[0] - before[0]) / 6},${from[1] + (to[1] - before[1]) / 6} ${
        to[0] - (after[0] - from[0]) / 6
      },${to[1] - (after[1] - from[1]) / 6} ${to[0]},${to[1]}`;
    })
    .join(' ');

/** A closed Catmull–Rom curve through the points. */
export const blob = (points: readonly Point[]): string =>
  path`M${points[0][0]},${points[0][1]} ${splineThrough(points, i => points[(i + points.length) % points.length])} Z`;

/** An open Catmull–Rom curve through the points, without its leading `M`. */
const curveOn = (points: readonly Point[]): string =>
  splineThrough(points.slice(0, -1), i => points[Math.min(Math.max(i, 0), points.length - 1)]);

/** Half widths at heights, from top to bottom: the outline of something turned about the line x = 50. */
export type Profile = readonly Point[];

/** The outline of something turned, seen a little from above: its edges hang through by `sag` and `mouth`. */
export function lathe(profile: Profile, { smooth = false, sag = 0, mouth = 0, centre = 50 } = {}): string {
  const left = profile.map(([half, y]): Point => [centre - half, y]);
  const right = profile.map(([half, y]): Point => [centre + half, y]).reverse();
  const follow = (points: readonly Point[]): string =>
    smooth
      ? curveOn(points)
      : points
          .slice(1)
          .map(([x, y]) => path`L${x},${y}`)
          .join(' ');
  const [[startX, startY], [endX, endY]] = [left[0], right[0]];
  const down = path`M${startX},${startY} ${follow(left)} Q${centre},${endY + 2 * sag} ${endX},${endY}`;
  return path`${down} ${follow(right)} Q${centre},${startY + 2 * mouth} ${startX},${startY} Z`;
}

const halfWidthAt = (profile: Profile, y: number): number => {
  const below = profile.findIndex(([, height]) => height >= y);
  const i = Math.max(1, below < 0 ? profile.length - 1 : below);
  const [[fromHalf, fromY], [toHalf, toY]] = [profile[i - 1], profile[i]];
  return fromHalf + ((toHalf - fromHalf) * (y - fromY)) / (toY - fromY || 1);
};

interface Band {
  readonly from: number;
  readonly to: number;
  readonly sag?: number;
  readonly centre?: number;
}

/** A band around something turned, from one height to another. */
export function bandAround(profile: Profile, { from, to, sag = 0, centre = 50 }: Band): string {
  const [above, below] = [halfWidthAt(profile, from), halfWidthAt(profile, to)];
  const upper = path`M${centre - above},${from} Q${centre},${from + 2 * sag} ${centre + above},${from}`;
  return path`${upper} L${centre + below},${to} Q${centre},${to + 2 * sag} ${centre - below},${to} Z`;
}
