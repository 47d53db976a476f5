import { gzipSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { createThumbnail, decodeResized, inspectImage, readableFormats } from '../../src/images/decode.js';
import { isImageName } from '../../src/images/image-name.js';
import { createPicture } from '../fixtures/images.js';

const square = { resize: 8, fit: 'squash' as const };

/** 16 × 8: the left half red, the right half blue. */
const twoColours = (): Sharp => {
  const half = { width: 8, height: 8, channels: 3 as const };
  return sharp({ create: { width: 16, height: 8, channels: 3, background: 'red' } }).composite([
    { input: { create: { ...half, background: 'blue' } }, left: 8, top: 0 },
  ]);
};

/** RGB of the pixel at column x, row y of an 8 × 8 block. */
const at = (pixels: Uint8Array, x: number, y: number): number[] => [
  ...pixels.slice((y * 8 + x) * 3, (y * 8 + x) * 3 + 3),
];
const isNear = (colour: number[], expected: number[]): boolean =>
  colour.every((value, i) => Math.abs(value - expected[i]) < 30);
const red = [255, 0, 0];
const blue = [0, 0, 255];

describe('decoding', () => {
  it('answers RGB of the size asked for, left to right', async () => {
    const pixels = await decodeResized(await twoColours().png().toBuffer(), square);
    expect(pixels).toHaveLength(8 * 8 * 3);
    expect(at(pixels, 0, 4)).toEqual(red);
    expect(at(pixels, 7, 4)).toEqual(blue);
  });

  it.each([
    [1, red, blue],
    [2, blue, red],
    [3, blue, red],
    [4, red, blue],
  ])('turns EXIF orientation %d upright', async (orientation, left, right) => {
    const bytes = await twoColours().withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const pixels = await decodeResized(bytes, square);
    expect(isNear(at(pixels, 0, 4), left)).toBe(true);
    expect(isNear(at(pixels, 7, 4), right)).toBe(true);
  });

  it('turns a picture that lies on its side, and says its size as seen', async () => {
    const bytes = await twoColours().withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
    const pixels = await decodeResized(bytes, square);
    expect(isNear(at(pixels, 4, 0), red)).toBe(true);
    expect(isNear(at(pixels, 4, 7), blue)).toBe(true);
    expect(await inspectImage(bytes)).toEqual({ format: 'jpeg', width: 8, height: 16 });
  });

  it.each(readableFormats)('reads %s', async format => {
    const bytes = await twoColours().toFormat(format).toBuffer();
    expect(await inspectImage(bytes)).toEqual({ format, width: 16, height: 8 });
    expect(isNear(at(await decodeResized(bytes, square), 0, 4), red)).toBe(true);
  });

  it('lays transparency on white', async () => {
    const clear = { width: 8, height: 8, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } };
    const pixels = await decodeResized(await sharp({ create: clear }).png().toBuffer(), square);
    expect(at(pixels, 3, 3)).toEqual([255, 255, 255]);
  });

  it('reads grey, 16 bits and CMYK as 8-bit RGB', async () => {
    const grey = await twoColours().greyscale().png().toBuffer();
    const [r, g, b] = at(await decodeResized(grey, square), 0, 0);
    expect([g, b]).toEqual([r, r]);
    const deep = await twoColours().toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(isNear(at(await decodeResized(deep, square), 0, 4), red)).toBe(true);
    const cmyk = await twoColours().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const [cr, , cb] = at(await decodeResized(cmyk, square), 0, 4);
    expect(cr).toBeGreaterThan(cb + 80);
  });

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(8 * 8 * 3, 250), Buffer.alloc(8 * 8 * 3, 5)]);
    const raw = { width: 8, height: 16, channels: 3 as const, pageHeight: 8 };
    const gif = await sharp(frames, { raw })
      .gif({ delay: [100, 100] })
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    expect(isNear(at(await decodeResized(gif, square), 4, 4), [250, 250, 250])).toBe(true);
  });

  it('keeps the aspect ratio when it is to', async () => {
    const bytes = await twoColours().png().toBuffer();
    const cover = await decodeResized(bytes, { resize: 8, fit: 'cover' });
    expect([at(cover, 1, 4), at(cover, 6, 4)]).toEqual([red, blue]);
    const contain = await decodeResized(bytes, { resize: 8, fit: 'contain' });
    expect(at(contain, 3, 0)).toEqual([255, 255, 255]);
  });

  it('makes thumbnails no larger than the picture, upright', async () => {
    const bytes = await twoColours().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const small = await sharp(await createThumbnail(bytes, { side: 4, format: 'webp' })).metadata();
    expect([small.format, small.width, small.height]).toEqual(['webp', 2, 4]);
    const large = await sharp(await createThumbnail(bytes, { side: 400, format: 'jpeg' })).metadata();
    expect([large.width, large.height]).toEqual([8, 16]);
  });
});

describe('refusing', () => {
  const cut = (bytes: Buffer): Buffer => bytes.subarray(0, 0.85 * bytes.length);
  const limits = { maxBytes: 100_000, maxPixels: 3_000, maxSide: 80 };

  it.each([
    ['no bytes', async () => Buffer.alloc(0), 'unreadable-image'],
    ['text', async () => Buffer.from('no picture at all'), 'unsupported-image'],
    [
      'SVG, which can fetch and script',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'unsupported-image',
    ],
    ['a PNG cut short', async () => cut(await createPicture(1)), 'unreadable-image'],
    ['a JPEG cut short', async () => cut(await createPicture(1, { format: 'jpeg' })), 'unreadable-image'],
    ['a packed SVG', async () => gzipSync('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'unsupported-image'],
    ['a PDF', async () => Buffer.from('%PDF-1.4\n%\xe2\xe3\n1 0 obj'), 'unsupported-image'],
    [
      'a PNG of the first bytes only',
      async () => (await createPicture(1)).subarray(0, 20),
      'unreadable-image',
    ],
    ['too many bytes', async () => Buffer.alloc(100_001), 'image-too-large'],
    ['too wide', () => createPicture(1, { width: 81, height: 8 }), 'image-too-large'],
    ['too many pixels', () => createPicture(1, { width: 60, height: 60 }), 'image-too-large'],
  ])('refuses %s', async (_, create, code) => {
    const bytes = await create();
    await expect(decodeResized(bytes, square, limits)).rejects.toMatchObject({ code });
    const asked = createThumbnail(bytes, { side: 8, format: 'webp' }, limits);
    await expect(asked).rejects.toMatchObject({ code });
  });

  it('says what was expected and what came', async () => {
    const wide = await createPicture(1, { width: 81, height: 8 });
    await expect(inspectImage(wide, limits)).rejects.toThrow(
      'at most 80 pixels a side and 3000 in all, got 81×8',
    );
  });
});

describe('names of images', () => {
  it.each(['a.jpg', 'b.JPEG', 'c.png', 'd.webp', 'e.Tiff', 'f.x.avif'])('takes %s', name => {
    expect(isImageName(name)).toBe(true);
  });
  it.each(['a.txt', 'jpg', '.jpg', '._a.jpg', 'a.jpg.part', 'a.svg'])('passes over %s', name => {
    expect(isImageName(name)).toBe(false);
  });
});
