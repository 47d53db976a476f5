import { describe, expect, it } from 'vitest';
import { greySquare } from '../../src/images/grey-square.js';

/** Rows of grey pixels. */
const square = (rows: readonly (readonly number[])[]) => ({
  pixels: Uint8Array.from(rows.flat().flatMap(value => [value, value, value])),
  side: rows.length,
});

describe('a grey square', () => {
  it('weighs the colours as eyes do', () => {
    const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30);
    const grey = greySquare({ pixels, side: 2 }, 2);
    expect([...grey].map(value => Number(value.toFixed(3)))).toEqual([76.245, 149.685, 29.07, 18.15]);
  });

  it('is made smaller by the mean of what falls into each pixel, in parts too', () => {
    const rows = [
      [0, 30, 60],
      [90, 120, 150],
      [180, 210, 240],
    ];
    // Of 1.5 × 1.5 pixels each, from a corner: 1, ½, ½ and ¼ of a pixel.
    const grey = greySquare(square(rows), 2);
    expect(grey[0]).toBeCloseTo((0 + 30 / 2 + 90 / 2 + 120 / 4) / 2.25, 10);
    expect(grey[3]).toBeCloseTo((240 + 210 / 2 + 150 / 2 + 120 / 4) / 2.25, 10);
    expect(greySquare(square(rows), 1)[0]).toBeCloseTo(120, 10);
  });
});
