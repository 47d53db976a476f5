import type { Random } from '../../src/math/random.js';
import { between, happens, pick } from './chance.js';
import { darken, hsl, lighten, mix, pickSurroundingColour } from './colours.js';
import { blob, circle, ellipse, type Point, path, polygon } from './path.js';

/** Draws what stands behind a product, over at least the square from 0 to 100. */
type DrawBackground = (random: Random) => string;

const fill = (d: string, colour: string, opacity = 1): string =>
  path`<path d="${d}" fill="${colour}" fill-opacity="${opacity}"/>`;
const everything = 'M-2,-2 H102 V102 H-2 Z';
const repeat = (count: number, draw: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => draw(i)).join('');
const somewhere = (random: Random): Point => [between(random, -5, 105), between(random, -5, 105)];

const gradient = (from: string, to: string, vertical = true): string =>
  `<linearGradient id="back" x2="${vertical ? 0 : 1}" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>${fill(everything, 'url(#back)')}`;

const studio: DrawBackground = random => {
  const colour = pickSurroundingColour(random);
  return gradient(lighten(colour, 0.25), darken(colour, 0.25), happens(random, 0.5));
};

const room: DrawBackground = random => {
  const [wall, floor] = [pickSurroundingColour(random), pickSurroundingColour(random)];
  const line = between(random, 55, 80);
  const stripes = happens(random, 0.4)
    ? repeat(9, i => fill(path`M${i * 12 - 2},-2 h6 V${line} h-6 Z`, darken(wall, 0.14)))
    : '';
  return (
    gradient(lighten(wall, 0.12), darken(wall, 0.1)) +
    stripes +
    fill(path`M-2,${line} H102 V102 H-2 Z`, floor) +
    fill(path`M-2,${line} H102 v3 H-2 Z`, lighten(wall, 0.4)) +
    fill(path`M-2,${line + 3} H102 v2 H-2 Z`, '#000000', 0.2)
  );
};

const planks: DrawBackground = random => {
  const wood = hsl(between(random, 18, 40), between(random, 0.1, 0.5), between(random, 0.25, 0.72));
  const width = between(random, 11, 24);
  const board = (i: number): string => {
    const [x, tone] = [
      i * width - 30,
      mix(wood, random.next() < 0.5 ? '#2a1a10' : '#f0e2cc', random.next() * 0.25),
    ];
    const grain = repeat(5, () => {
      const at = x + between(random, 1, width - 1);
      return path`<path d="M${at},-30 Q${at + between(random, -3, 3)},40 ${at},130" stroke="${darken(tone, 0.3)}" stroke-width="0.5" stroke-opacity="0.6" fill="none"/>`;
    });
    return (
      fill(path`M${x},-30 h${width} V130 h${-width} Z`, tone) +
      grain +
      fill(path`M${x},-30 h0.9 V130 h-0.9 Z`, '#1a120c', 0.65)
    );
  };
  return `<g transform="rotate(${pick(random, [0, 90, 12, -20])} 50 50)">${repeat(Math.ceil(165 / width), board)}</g>`;
};

const tiles: DrawBackground = random => {
  const [grout, first, second] = [
    pickSurroundingColour(random),
    pickSurroundingColour(random),
    pickSurroundingColour(random),
  ];
  const side = between(random, 13, 30);
  const gap = between(random, 0.6, 1.8);
  const count = Math.ceil(170 / side);
  const turn = pick(random, [0, 45, 8, -15]);
  const tile = (i: number): string => {
    const [column, row] = [i % count, Math.floor(i / count)];
    const shift = row % 2 === 0 ? 0 : side / 2;
    const colour = (column + row) % 3 === 0 ? second : first;
    return fill(
      path`M${column * side - 35 - shift},${row * side - 35} h${side - gap} v${side - gap} h${gap - side} Z`,
      mix(colour, '#808080', random.next() * 0.25),
    );
  };
  return `${fill(everything, grout)}<g transform="rotate(${turn} 50 50)">${repeat(count * count, tile)}</g>`;
};

const fabric: DrawBackground = random => {
  const [cloth, thread] = [pickSurroundingColour(random), pickSurroundingColour(random)];
  const weave = `<pattern id="weave" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(${random.integer(90)}) scale(${between(random, 0.8, 2.6).toFixed(2)})"><path d="M0,0 H2 V2 H0 Z M2,2 H4 V4 H2 Z" fill="${thread}" fill-opacity="0.3"/></pattern>`;
  const folds = repeat(3, () => {
    const x = between(random, -10, 110);
    return path`<path d="M${x},-5 C${x + between(random, -25, 25)},30 ${x + between(random, -25, 25)},70 ${x + between(random, -30, 30)},105" fill="none" stroke="${happens(random, 0.5) ? '#000000' : '#ffffff'}" stroke-opacity="0.14" stroke-width="${between(random, 5, 15)}"/>`;
  });
  return fill(everything, cloth) + weave + fill(everything, 'url(#weave)') + folds;
};

const bokeh: DrawBackground = random => {
  const dark = hsl(random.integer(360), between(random, 0.15, 0.6), between(random, 0.1, 0.35));
  const colours = [pickSurroundingColour(random), pickSurroundingColour(random), '#ffe9b0'];
  const lights = repeat(22, () => {
    const [x, y] = somewhere(random);
    return fill(
      circle(x, y, between(random, 3, 12)),
      lighten(pick(random, colours), 0.25),
      between(random, 0.15, 0.55),
    );
  });
  return gradient(dark, darken(dark, 0.5)) + lights;
};

const clutter: DrawBackground = random => {
  const shapes = repeat(12, () => {
    const [x, y] = somewhere(random);
    const [size, colour] = [between(random, 7, 22), pickSurroundingColour(random)];
    const corner = (i: number): Point => [
      x + size * between(random, 0.6, 1.1) * Math.cos(i * 1.26),
      y + size * between(random, 0.6, 1.1) * Math.sin(i * 1.26),
    ];
    const outline = pick(random, [
      () => circle(x, y, size),
      () => polygon([0, 1, 2, 3, 4].map(corner), 2),
      () => blob([0, 1, 2, 3, 4].map(corner)),
      () => ellipse([x, y], [size * 0.4, size * 1.3]),
      () =>
        polygon(
          [
            [x, y],
            [x + size * 1.8, y + 3],
            [x + size * 1.7, y + size],
            [x - 2, y + size * 0.9],
          ],
          1.5,
        ),
    ])();
    return `<path d="${outline}" fill="${colour}" stroke="${darken(colour, 0.4)}" stroke-width="1"/>`;
  });
  return gradient(pickSurroundingColour(random), pickSurroundingColour(random)) + shapes;
};

const meadow: DrawBackground = random => {
  const ground = hsl(between(random, 55, 130), between(random, 0.2, 0.5), between(random, 0.2, 0.45));
  const blades = repeat(90, () => {
    const [x, y] = somewhere(random);
    const tone = mix(ground, happens(random, 0.5) ? '#d6dc8a' : '#12240f', random.next() * 0.6);
    return path`<path d="M${x},${y} q${between(random, -4, 4)},-6 ${between(random, -6, 6)},${-between(random, 8, 15)}" fill="none" stroke="${tone}" stroke-width="1.3"/>`;
  });
  const flowers = happens(random, 0.4)
    ? repeat(9, () => {
        const [x, y] = somewhere(random);
        return fill(circle(x, y, 1.6), pick(random, ['#f5f5f5', '#e8c14e', '#d98ca0']));
      })
    : '';
  return fill(everything, ground) + blades + flowers;
};

const terrazzo: DrawBackground = random => {
  const [stone, ...chips] = Array.from({ length: 4 }, () => pickSurroundingColour(random));
  const specks = repeat(60, () => {
    const [x, y] = somewhere(random);
    const corner = (i: number): Point => {
      const reach = between(random, 0.8, 3.6);
      return [x + reach * Math.cos(i * 1.57), y + reach * Math.sin(i * 1.57)];
    };
    return fill(polygon([0, 1, 2, 3].map(corner)), pick(random, chips));
  });
  return fill(everything, stone) + specks;
};

/** Adding a background is one line here. */
const backgrounds: readonly DrawBackground[] = [
  studio,
  room,
  planks,
  tiles,
  fabric,
  bokeh,
  clutter,
  meadow,
  terrazzo,
];

export const drawBackground: DrawBackground = random => pick(random, backgrounds)(random);

/** The near-white sweep of a shop's catalog. */
export const drawShopBackground: DrawBackground = random => {
  const white = hsl(random.integer(360), 0.12, between(random, 0.93, 0.97));
  return gradient(lighten(white, 0.5), white);
};
