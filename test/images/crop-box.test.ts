import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type CropBox, placeCropBox } from '../../src/images/crop-box.js';
import { decodeResized } from '../../src/images/decode.js';
import { createPicture } from '../fixtures/images.js';

const size = { width: 40, height: 20 };
const whole: CropBox = { left: 0, top: 0, width: 1, height: 1 };

describe('a crop box', () => {
  it('is put on the nearest pixels', () => {
    expect(placeCropBox(whole, size)).toEqual({ left: 0, top: 0, ...size });
    const box = { left: 0.26, top: 0.5, width: 0.5, height: 0.5 };
    expect(placeCropBox(box, size)).toEqual({ left: 10, top: 10, width: 20, height: 10 });
  });

  it('may touch the edge, though the sum of its shares is a little above 1 in floating point', () => {
    const box = { ...whole, left: 0.7, width: 1 - 0.7 + 1e-16 };
    expect(placeCropBox(box, size)).toEqual({ left: 28, top: 0, width: 12, height: 20 });
    for (let left = 0; left < 0.98; left += 0.01) {
      const placed = placeCropBox({ ...whole, left, width: 1 - left }, { width: 49, height: 7 });
      expect(placed.left + placed.width).toBe(49);
    }
  });

  it.each([
    ['begins left of it', { left: -0.1 }],
    ['begins above it', { top: -1 }],
    ['ends right of it', { left: 0.5, width: 0.6 }],
    ['ends below it', { top: 0.5, height: 0.51 }],
    ['has no width', { width: 0 }],
    ['has a negative height', { top: 0.5, height: -0.2 }],
    ['is less than a pixel wide', { left: 0.5, width: 0.001 }],
    ['is less than a pixel high', { left: 0.5, width: 0.5, height: 0.02 }],
    ['is no number', { left: Number.NaN }],
    ['is infinite', { width: Number.POSITIVE_INFINITY }],
  ])('is refused when it %s', (_, part) => {
    expect(() => placeCropBox({ ...whole, ...part }, size)).toThrow(
      expect.objectContaining({ code: 'invalid-request', field: 'box' }),
    );
  });
});

describe('decoding a part of a picture', () => {
  const toSquare = { resize: 8, fit: 'squash' } as const;
  const box: CropBox = { left: 0.5, top: 0.25, width: 0.25, height: 0.5 };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'cuts it from the picture as seen, of EXIF orientation %d',
    async orientation => {
      const stored = await sharp(await createPicture('part', { width: 80, height: 40 }))
        .withMetadata({ orientation })
        .png()
        .toBuffer();
      const upright = await sharp(stored).autoOrient().png().toBuffer();
      const { width, height } = await sharp(upright).metadata();
      const part = { left: width / 2, top: height / 4, width: width / 4, height: height / 2 };
      const cut = await sharp(upright).extract(part).png().toBuffer();
      const expected = await decodeResized(cut, toSquare);
      expect(await decodeResized(stored, toSquare, { box })).toEqual(expected);
      // And the whole is another picture.
      expect(await decodeResized(stored, toSquare)).not.toEqual(expected);
    },
  );

  it('is the same as no box when it is the whole', async () => {
    const bytes = await createPicture('part');
    expect(await decodeResized(bytes, toSquare, { box: whole })).toEqual(
      await decodeResized(bytes, toSquare),
    );
  });

  it('refuses a box outside the picture, not calling the picture damaged', async () => {
    const decoding = decodeResized(await createPicture(1), toSquare, { box: { ...box, left: 0.9 } });
    await expect(decoding).rejects.toMatchObject({ code: 'invalid-request', field: 'box' });
  });
});
