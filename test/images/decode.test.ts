import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import type { MedoidError } from '../../src/errors.js';
import {
  createThumbnail,
  decodeResized,
  inspectImage,
  readableFormats,
  reencodeImage,
} from '../../src/images/decode.js';
import { isImageName } from '../../src/images/image-name.js';
import { readImageFile } from '../../src/images/read-image-file.js';
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

/** 8 × 8, every frame another grey. */
const createAnimation = (format: 'gif' | 'webp' | 'tiff', frames: number): Promise<Buffer> => {
  const pixels = Buffer.concat(
    Array.from({ length: frames }, (_, i) => Buffer.alloc(8 * 8 * 3, 250 - 40 * i)),
  );
  const raw = { width: 8, height: 8 * frames, channels: 3 as const, pageHeight: 8 };
  return sharp(pixels, { raw }).toFormat(format).toBuffer();
};

/** What comes before the frames of an animated WebP, and the first of them. */
const splitAnimation = (webp: Buffer): [Buffer, Buffer] => {
  const start = webp.indexOf('ANMF');
  return [webp.subarray(0, start), webp.subarray(start, start + 8 + webp.readUInt32LE(start + 4))];
};

const emptyZip = Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex');

/** A valid start, and pixels that are all zero. */
const hugePng = (): Buffer => {
  const chunk = (type: string, data: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(named), 4);
    return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
  };
  const header = Buffer.from('00000000000000000800000000', 'hex');
  header.writeUInt32BE(30_000, 0);
  header.writeUInt32BE(30_000, 4);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const data = chunk('IDAT', deflateSync(Buffer.alloc(1_000_000)));
  return Buffer.concat([signature, chunk('IHDR', header), data, chunk('IEND', Buffer.alloc(0))]);
};

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
    const gif = await createAnimation('gif', 2);
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
  const limits = { maxBytes: 100_000, maxPixels: 3_000, maxSide: 80, maxFrames: 3 };

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
    ['a GIF of too many frames', () => createAnimation('gif', 4), 'image-too-large'],
    ['a WebP of too many frames', () => createAnimation('webp', 4), 'image-too-large'],
    ['a TIFF of too many pages', () => createAnimation('tiff', 4), 'image-too-large'],
    ['a PNG of 30 000 × 30 000 that is but a few bytes', async () => hugePng(), 'image-too-large'],
    [
      'HTML that begins as a GIF does',
      async () => Buffer.from('GIF89a<html><script>alert(1)</script></html>'),
      'unreadable-image',
    ],
    ['a ZIP archive', async () => emptyZip, 'unsupported-image'],
  ])('refuses %s', async (_, create, code) => {
    const bytes = await create();
    await expect(decodeResized(bytes, square, { limits })).rejects.toMatchObject({ code });
    const asked = createThumbnail(bytes, { side: 8, format: 'webp' }, limits);
    await expect(asked).rejects.toMatchObject({ code });
  });

  it.each(['gif', 'webp', 'tiff'] as const)('reads a %s of as many frames as are allowed', async format => {
    const bytes = await createAnimation(format, 3);
    expect(await inspectImage(bytes, limits)).toEqual({ format, width: 8, height: 8 });
    expect(await decodeResized(bytes, square, { limits })).toHaveLength(3 * 8 * 8);
  });

  it('refuses a WebP of very many frames without asking the decoder, which would take minutes', async () => {
    const [head, frame] = splitAnimation(await createAnimation('webp', 2));
    const bytes = Buffer.concat([head, ...Array.from({ length: 100_000 }, () => frame)]);
    const began = performance.now();
    await expect(inspectImage(bytes)).rejects.toMatchObject({ code: 'image-too-large' });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('reads a picture with another file behind it as the picture', async () => {
    for (const [picture, rest] of [
      [await createPicture(1, { format: 'jpeg' }), emptyZip],
      [await createAnimation('gif', 1), Buffer.from('<html><script>alert(1)</script></html>')],
    ]) {
      const alone = await decodeResized(picture, square);
      expect(await decodeResized(Buffer.concat([picture, rest]), square)).toEqual(alone);
      const copy = await reencodeImage(Buffer.concat([picture, rest]), { format: 'png' });
      expect(copy.includes(rest)).toBe(false);
    }
  });

  it.each(readableFormats)(
    'reads or refuses a %s cut short anywhere, and says of it that it is damaged',
    async format => {
      const whole = await sharp(await createPicture(1))
        .toFormat(format)
        .toBuffer();
      let refused = 0;
      for (let length = 0; length < whole.length; length += 10) {
        try {
          expect(await decodeResized(whole.subarray(0, length), square)).toHaveLength(3 * 8 * 8);
        } catch (error) {
          expect(['unreadable-image', 'unsupported-image']).toContain((error as MedoidError).code);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(whole.length / 20);
    },
  );

  it('goes by what a file is, not by how it is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'medoid-named-'));
    const path = join(folder, 'picture.jpg');
    await writeFile(path, await createPicture(1));
    expect((await inspectImage(await readImageFile(path))).format).toBe('png');
    await writeFile(path, 'plain text');
    await expect(inspectImage(await readImageFile(path))).rejects.toMatchObject({
      code: 'unsupported-image',
    });
    await rm(folder, { recursive: true });
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
