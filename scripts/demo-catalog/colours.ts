import type { Random } from '../../src/math/random.js';
import { between, happens, pick } from './chance.js';

/**
 * Few sets of colours, with colours in common, so that many products of a kind wear the same ones and colour alone
 * names none of them.
 */
const colourways: readonly (readonly [string, string, string, string])[] = [
  ['#1f3a5f', '#f2efe6', '#c8452f', '#d9a441'], // navy, cream, brick, mustard
  ['#2f5d50', '#f2efe6', '#d9a441', '#6b3f2a'], // forest, cream, mustard, brown
  ['#c8452f', '#f5f5f5', '#2b2b2e', '#8fb3c9'], // brick, white, black, sky
  ['#6b3f2a', '#c99a6b', '#f2efe6', '#2f5d50'], // brown, tan, cream, forest
  ['#d98ca0', '#f2efe6', '#7a3b5e', '#8fb3c9'], // rose, cream, plum, sky
  ['#2b2b2e', '#9aa0a6', '#f5f5f5', '#e0662f'], // black, grey, white, orange
  ['#1f7a8c', '#f2efe6', '#e0662f', '#1f3a5f'], // teal, cream, orange, navy
  ['#d9a441', '#2b2b2e', '#f5f5f5', '#1f7a8c'], // mustard, black, white, teal
  ['#7a3b5e', '#d9a441', '#f5f5f5', '#2f5d50'], // plum, mustard, white, forest
  ['#8fb3c9', '#f5f5f5', '#1f3a5f', '#d98ca0'], // sky, white, navy, rose
  ['#7fa05a', '#f2efe6', '#6b3f2a', '#c8452f'], // leaf, cream, brown, brick
];

/** What frames, lenses, buckles and legs are made of. */
const hardwares = ['#3a3a3d', '#b9bdc2', '#c7a25a', '#8a5a34', '#e8e4da'] as const;

export interface ProductColours {
  readonly main: string;
  readonly second: string;
  readonly accent: string;
  readonly trim: string;
  readonly hardware: string;
}

export function pickProductColours(random: Random): ProductColours {
  const [main, second, accent, trim] = random.shuffle([...pick(random, colourways)]);
  return { main, second, accent, trim, hardware: pick(random, hardwares) };
}

export const hsl = (hue: number, saturation: number, lightness: number): string => {
  const channel = (shift: number): number => {
    const k = (shift + hue / 30) % 12;
    const chroma = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return hex([channel(0), channel(8), channel(4)]);
};

const hex = (channels: readonly number[]): string =>
  `#${channels.map(value => Math.round(value).toString(16).padStart(2, '0')).join('')}`;

const channelsOf = (colour: string): number[] =>
  [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16));

export const mix = (colour: string, other: string, part: number): string => {
  const others = channelsOf(other);
  return hex(channelsOf(colour).map((value, i) => value + (others[i] - value) * part));
};

export const darken = (colour: string, part: number): string => mix(colour, '#101014', part);
export const lighten = (colour: string, part: number): string => mix(colour, '#ffffff', part);

/** Surroundings wear any colour, and often one that products wear, so that they mislead. */
export function pickSurroundingColour(random: Random): string {
  if (happens(random, 0.35)) return pick(random, pick(random, colourways));
  const vivid = happens(random, 0.25);
  return hsl(
    random.integer(360),
    vivid ? between(random, 0.4, 0.75) : between(random, 0.05, 0.35),
    between(random, 0.22, 0.85),
  );
}
