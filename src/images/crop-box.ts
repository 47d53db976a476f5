import { MedoidError } from '../errors.js';

/** A part of the upright picture, each a share of its width or height: from 0 to 1. */
export interface CropBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Sums of shares that are 1 on paper may be a little more. */
const roundingError = 1e-9;

/**
 * @param size of the upright picture in pixels
 * @returns the box in whole pixels, its edges rounded to the nearest
 * @throws MedoidError `invalid-request` for a box that reaches out of the picture or has not one pixel
 */
export function placeCropBox(
  { left, top, width, height }: CropBox,
  size: { readonly width: number; readonly height: number },
): CropBox {
  const isWithin = (start: number, length: number): boolean =>
    start >= 0 && length > 0 && start + length <= 1 + roundingError;
  if (!isWithin(left, width) || !isWithin(top, height)) {
    throw new MedoidError(
      'invalid-request',
      'expected a box within the picture, as shares of it from 0 to 1, ' +
        `got left ${left}, top ${top}, width ${width}, height ${height}`,
      { field: 'box' },
    );
  }
  const [from, to] = [left, left + width].map(share => Math.min(size.width, Math.round(share * size.width)));
  const [above, below] = [top, top + height].map(share =>
    Math.min(size.height, Math.round(share * size.height)),
  );
  if (to === from || below === above) {
    throw new MedoidError(
      'invalid-request',
      `expected a box of at least one pixel, got ${to - from}×${below - above} of ${size.width}×${size.height}`,
      { field: 'box' },
    );
  }
  return { left: from, top: above, width: to - from, height: below - above };
}
