import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeResized } from '../../src/images/decode.js';
import { hashDistance, hashGrey, hashSquare, perceptualHash } from '../../src/images/perceptual-hash.js';
import { createPicture } from '../fixtures/images.js';

const side = 32;

/** A wave along y and x. */
const wave = (u: number, v: number, amplitude = 50): Float64Array =>
  Float64Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    const along = (n: number, frequency: number): number =>
      Math.cos(((2 * n + 1) * frequency * Math.PI) / (2 * side));
    return 128 + amplitude * along(y, u) * along(x, v);
  });

const bitsOf = (hash: Uint32Array): number[] =>
  Array.from({ length: 64 }, (_, i) => i).filter(i => ((hash[i >>> 5] >>> (i & 31)) & 1) === 1);

const seeds = Array.from({ length: 30 }, (_, i) => i);
const pictureOf = (seed: number): Promise<Buffer> => createPicture(seed, { width: 240, height: 160 });

describe('a perceptual hash', () => {
  it.each([
    [1, 1, 0],
    [1, 8, 7],
    [3, 2, 17],
    [5, 1, 32],
    [8, 8, 63],
  ])('of a wave of %i by %i has one bit, number %i', (u, v, bit) => {
    expect(bitsOf(hashGrey(wave(u, v)))).toEqual([bit]);
  });

  it.each([
    ['the constant', 0, 0],
    ['the first row', 0, 3],
    ['the first column', 3, 0],
    ['what is finer', 9, 1],
  ])('says nothing of %s', (_, u, v) => {
    expect(bitsOf(hashGrey(wave(u, v)))).toEqual([]);
  });

  it('says nothing of waves that rounding makes', () => {
    expect(bitsOf(hashGrey(wave(2, 2, 0.06)))).toEqual([]);
    expect(bitsOf(hashGrey(wave(2, 2, 0.07)))).toEqual([9]);
  });

  it('differs from another in as many bits as were set otherwise', () => {
    expect(hashDistance(hashGrey(wave(1, 1)), hashGrey(wave(8, 8)))).toBe(2);
    expect(hashDistance(Uint32Array.of(0xffffffff, 0), Uint32Array.of(0, 0x80000001))).toBe(34);
    expect(hashDistance(Uint32Array.of(7, 9), Uint32Array.of(7, 9))).toBe(0);
  });

  const copies: [string, (picture: Buffer) => Promise<Buffer>][] = [
    ['encoded again', picture => sharp(picture).jpeg({ quality: 50 }).toBuffer()],
    ['made smaller', picture => sharp(picture).resize(90).png().toBuffer()],
    ['made larger', picture => sharp(picture).resize(700).webp({ quality: 80 }).toBuffer()],
    [
      'laid on its side by EXIF',
      picture => sharp(picture).rotate(270).withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer(),
    ],
  ];
  // Rectangles are harder than photos: many of their coefficients lie near the median.
  it.each(copies)('is near that of a copy that was %s', async (_, copy) => {
    for (const seed of seeds) {
      const picture = await pictureOf(seed);
      const [hash, copied] = [await perceptualHash(picture), await perceptualHash(await copy(picture))];
      expect(hashDistance(hash, copied), `picture ${seed}`).toBeLessThanOrEqual(12);
    }
  });

  it('is far from that of any other picture, and of the same one mirrored', async () => {
    const hashes = await Promise.all(seeds.map(async seed => perceptualHash(await pictureOf(seed))));
    for (const [i, hash] of hashes.entries()) {
      for (const other of hashes.slice(0, i)) expect(hashDistance(hash, other)).toBeGreaterThan(10);
      const mirrored = await sharp(await pictureOf(i))
        .flop()
        .png()
        .toBuffer();
      expect(hashDistance(hash, await perceptualHash(mirrored))).toBeGreaterThan(10);
    }
  });

  // A grey copy of loud colours is not as dark and light as they were.
  it('is nearer to that of a grey copy than to that of any other picture', async () => {
    const pictures = await Promise.all(seeds.map(pictureOf));
    const hashes = await Promise.all(pictures.map(picture => perceptualHash(picture)));
    for (const [i, picture] of pictures.entries()) {
      const grey = await perceptualHash(await sharp(picture).greyscale().png().toBuffer());
      const distances = hashes.map(hash => hashDistance(grey, hash));
      expect(distances.indexOf(Math.min(...distances))).toBe(i);
    }
  });

  it('is nearly the same whatever square it is made of', async () => {
    for (const seed of seeds) {
      const picture = await pictureOf(seed);
      const hash = await perceptualHash(picture);
      for (const side of [48, 72, 144]) {
        const pixels = await decodeResized(picture, { resize: side, fit: 'squash' });
        expect(
          hashDistance(hash, hashSquare({ pixels, side })),
          `picture ${seed}, ${side}`,
        ).toBeLessThanOrEqual(6);
      }
    }
  });

  it('of a plain picture is the same whatever encoded it', async () => {
    const create = { width: 50, height: 40, channels: 3 as const, background: '#39a' };
    const png = await sharp({ create }).png().toBuffer();
    const jpeg = await sharp({ create }).jpeg({ quality: 40 }).toBuffer();
    expect(hashDistance(await perceptualHash(png), await perceptualHash(jpeg))).toBe(0);
  });

  it('is refused for what cannot be decoded', async () => {
    const cut = (await createPicture(1)).subarray(0, 80);
    await expect(perceptualHash(cut)).rejects.toMatchObject({ code: 'unreadable-image' });
  });
});
