import { decodeResized } from './decode.js';
import { greySquare } from './grey-square.js';
import { defaultImageLimits, type ImageLimits } from './limits.js';

/** Of the square that a picture is squashed to to be compared with others. */
export const lookSide = 64;
/** Colours are compared in fewer and wider parts. */
export const colourSide = 8;

/** A picture as small as it can be to be told from others that look much like it. */
export interface PictureLook {
  /** A little smoothed: [64, 64], 0..255. */
  readonly grey: Uint8Array;
  /** Standard deviation of `grey`. */
  readonly spread: number;
  /** Cb and Cr of ITU-R BT.601 about 0: [8, 8, 2]. */
  readonly colours: Float32Array;
}

/** Along rows (`step` 1) or columns (`step` 64) by 1, 2, 1 quarters; beyond an edge is what lies at it. */
function smoothAlong(grey: Float64Array, step: 1 | 64): Float64Array {
  const smooth = new Float64Array(grey.length);
  for (let i = 0; i < grey.length; i++) {
    const place = step === 1 ? i % lookSide : Math.floor(i / lookSide);
    const before = place === 0 ? grey[i] : grey[i - step];
    const after = place === lookSide - 1 ? grey[i] : grey[i + step];
    smooth[i] = (before + 2 * grey[i] + after) / 4;
  }
  return smooth;
}

/** Twice, which is nearly a Gaussian of σ = 1 pixel: what a copy of 40 pixels a side has lost is not asked for. */
function smooth(grey: Float64Array): Float64Array {
  let smoothed = grey;
  for (const step of [1, lookSide, 1, lookSide] as const) smoothed = smoothAlong(smoothed, step);
  return smoothed;
}

function spreadOf(values: Uint8Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}

/** Means over 8 × 8 pixels. */
function coloursOf(pixels: Uint8Array): Float32Array {
  const colours = new Float32Array(colourSide * colourSide * 2);
  const width = lookSide / colourSide;
  for (let i = 0; i < lookSide * lookSide; i++) {
    const [y, x] = [Math.floor(i / lookSide / width), Math.floor((i % lookSide) / width)];
    const [red, green, blue] = [pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]];
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    const at = 2 * (y * colourSide + x);
    colours[at] += (blue - luma) / 1.772 / width ** 2;
    colours[at + 1] += (red - luma) / 1.402 / width ** 2;
  }
  return colours;
}

/** Upright. @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image` */
export async function pictureLook(
  bytes: Uint8Array,
  limits: ImageLimits = defaultImageLimits,
): Promise<PictureLook> {
  const pixels = await decodeResized(bytes, { resize: lookSide, fit: 'squash' }, { limits });
  const grey = Uint8Array.from(smooth(greySquare({ pixels, side: lookSide }, lookSide)), Math.round);
  return { grey, spread: spreadOf(grey), colours: coloursOf(pixels) };
}
