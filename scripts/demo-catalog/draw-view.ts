import sharp from 'sharp';
import { drawBackground, drawShopBackground } from './backgrounds.js';
import { expose } from './expose.js';
import { kinds } from './kinds/index.js';
import { drawOccluder } from './occluders.js';
import { openPaintBox } from './paint.js';
import { ellipse, path } from './path.js';
import { describeProduct, type Seed } from './product.js';
import { describeView, type Pose, viewStream } from './view.js';

// One picture a thread, as in src/images: many are drawn at once.
sharp.concurrency(1);

export interface ViewRequest {
  readonly seed: Seed;
  /** Number of the product, from 0. */
  readonly product: number;
  /** Number of the view, from 0, the shop's photo. */
  readonly view: number;
  /** Pixels. */
  readonly side: number;
}

const placed = ({ x, y, rotation, scaleX, scaleY, skewX, skewY }: Pose): string =>
  path`translate(${x},${y}) rotate(${rotation}) skewX(${skewX}) skewY(${skewY}) scale(${scaleX},${scaleY}) translate(-50,-50)`;

const contactShadow = (strength: number): string =>
  path`<radialGradient id="ground"><stop offset="0.35" stop-color="#000" stop-opacity="${strength}"/><stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient><path d="${ellipse([50, 92], [50, 9])}" fill="url(#ground)"/>`;

const castShadow = (strength: number, light: number): string =>
  path`<filter id="cast" x="-10%" y="-10%" width="125%" height="125%"><feGaussianBlur in="SourceAlpha" stdDeviation="1.6"/><feOffset dx="${-3 * light}" dy="2.6"/><feComponentTransfer><feFuncA type="linear" slope="${strength}"/></feComponentTransfer><feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge></filter>`;

/** A view as SVG, before light and camera. */
function drawScene({ seed, product: number, view: viewNumber, side }: ViewRequest): string {
  const product = describeProduct(seed, number);
  const view = describeView(seed, number, viewNumber);
  const random = (aspect: string) => viewStream(seed, { product: number, view: viewNumber, aspect });
  const kind = kinds[number % kinds.length];
  const { paint, definitions } = openPaintBox(product, { id: 'p', light: view.light });
  const stands = kind.stance === 'standing';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 100 100">`,
    (view.isShopPhoto ? drawShopBackground : drawBackground)(random('background')),
    `<defs>${definitions}${stands ? '' : castShadow(view.shadow, view.light)}</defs>`,
    `<g transform="${placed(view.pose)}"${stands ? '' : ' filter="url(#cast)"'}>`,
    stands ? contactShadow(view.shadow) : '',
    kind.draw(product.parts, paint),
    '</g>',
    view.hasOccluder ? drawOccluder(random('occluder')) : '',
    '</svg>',
  ].join('');
}

/** One photograph as a JPEG of `side` × `side`; the same request gives the same bytes (on one machine). */
export async function drawView(request: ViewRequest): Promise<Buffer> {
  const { seed, product, view, side } = request;
  const { blur, quality, exposure } = describeView(seed, product, view);
  const drawn = sharp(Buffer.from(drawScene(request)))
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
  const softened = blur * side >= 30 ? drawn.blur((blur * side) / 100) : drawn;
  const pixels = await softened.removeAlpha().raw({ depth: 'uchar' }).toBuffer();
  expose(pixels, { side, exposure, random: viewStream(seed, { product, view, aspect: 'noise' }) });
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
