import { darken, lighten } from './colours.js';
import { emblems } from './emblems.js';
import { path } from './path.js';
import type { ProductDescription } from './product.js';
import { textures } from './textures.js';

/** How light falls on a part: as on a cylinder, a ball or a flat thing. */
type Shading = 'round' | 'ball' | 'flat';

/** What a kind draws with: a product's materials under one light. */
export interface Paint {
  /** The textured material. */
  readonly body: string;
  /** Plain colours. */
  readonly main: string;
  readonly second: string;
  readonly accent: string;
  readonly trim: string;
  readonly hardware: string;
  solid(outline: string, fill: string, shading?: Shading): string;
  line(outline: string, colour: string, width: number): string;
  /** The product's emblem, if it has one, `size` wide. */
  emblem(x: number, y: number, size: number): string;
}

export interface PaintBox {
  readonly paint: Paint;
  /** Definitions that what was painted refers to. */
  readonly definitions: string;
}

const stop = (offset: number, colour: string, opacity: number): string =>
  path`<stop offset="${offset}" stop-color="${colour}" stop-opacity="${opacity}"/>`;

/** @param light where light comes from, -1 (left) to 1 (right) */
const shadings = (id: string, light: number): string => {
  const bright = 0.5 + 0.28 * light;
  return [
    `<linearGradient id="${id}round">${stop(0, '#000', 0.34 + 0.14 * light)}${stop(bright - 0.22, '#000', 0.02)}`,
    `${stop(bright, '#fff', 0.3)}${stop(bright + 0.22, '#000', 0.02)}${stop(1, '#000', 0.34 - 0.14 * light)}</linearGradient>`,
    path`<radialGradient id="${id}ball" cx="${bright}" cy="0.3" r="0.75">${stop(0, '#fff', 0.42)}`,
    `${stop(0.4, '#fff', 0)}${stop(1, '#000', 0.42)}</radialGradient>`,
    path`<linearGradient id="${id}flat" x1="${light > 0 ? 1 : 0}" y1="0" x2="${light > 0 ? 0.3 : 0.7}" y2="1">`,
    `${stop(0, '#fff', 0.18)}${stop(0.5, '#fff', 0)}${stop(1, '#000', 0.26)}</linearGradient>`,
  ].join('');
};

export function openPaintBox(
  product: ProductDescription,
  { id, light }: { readonly id: string; readonly light: number },
): PaintBox {
  const { colours, texture, emblem } = product;
  const look = { ...texture, ground: colours.main, figure: colours.second, accent: colours.accent };
  const rim = `stroke="#17171b" stroke-opacity="0.42" stroke-width="0.7" stroke-linejoin="round"`;
  const paint: Paint = {
    ...colours,
    body: `url(#${id}body)`,
    solid: (outline, fill, shading = 'round') =>
      `<path d="${outline}" fill="${fill}" fill-rule="evenodd"/><path d="${outline}" fill="url(#${id}${shading})" fill-rule="evenodd" ${rim}/>`,
    line: (outline, colour, width) => {
      const stroke = (shade: string, wide: number) =>
        path`<path d="${outline}" fill="none" stroke="${shade}" stroke-width="${wide}" stroke-linecap="round" stroke-linejoin="round"/>`;
      const edge = colour.startsWith('#') ? darken(colour, 0.5) : '#33333a';
      const shine = colour.startsWith('#') && width > 2 ? stroke(lighten(colour, 0.3), width * 0.28) : '';
      return stroke(edge, width + 1) + stroke(colour, width) + shine;
    },
    emblem: (x, y, size) =>
      emblem === undefined
        ? ''
        : path`<g transform="translate(${x},${y}) scale(${(size / 20) * emblem.size})">${
            emblem.plate ? `<circle r="14" fill="${colours.trim}" ${rim}/>` : ''
          }<path d="${emblems[emblem.name]}" fill="${colours.accent}" fill-rule="evenodd" stroke="#17171b" stroke-opacity="0.5"/></g>`,
  };
  return { paint, definitions: textures[texture.name](`${id}body`, look) + shadings(id, light) };
}
