import sharp, { type Matrix3x3 } from 'sharp';
import { describe, expect, it } from 'vitest';
import { agreementOf, colourDifference } from '../../src/images/compare-looks.js';
import { lookSide, type PictureLook, pictureLook } from '../../src/images/picture-look.js';
import { createPicture } from '../fixtures/images.js';

const picture = (seed: number): Promise<Buffer> => createPicture(seed, { width: 240, height: 160 });
const compare = async (a: Buffer, b: Buffer) => {
  const [first, second] = [await pictureLook(a), await pictureLook(b)];
  return { agreement: agreementOf(first, second), colours: colourDifference(first, second) };
};
const lookOf = (values: (i: number) => number): PictureLook => ({
  grey: Uint8Array.from({ length: lookSide ** 2 }, (_, i) => values(i)),
  spread: 50,
  colours: new Float32Array(128),
});

describe('two looks', () => {
  it('agree by the correlation of their grey levels', () => {
    const halves = lookOf(i => (i % lookSide < lookSide / 2 ? 0 : 200));
    const upside = lookOf(i => (i < lookSide ** 2 / 2 ? 0 : 200));
    expect(agreementOf(halves, halves)).toBeCloseTo(1, 12);
    expect(
      agreementOf(
        halves,
        lookOf(i => 200 - halves.grey[i]),
      ),
    ).toBeCloseTo(-1, 12);
    expect(agreementOf(halves, upside)).toBeCloseTo(0, 12);
    // Of n pixels a quarter differ: cov = n (¼ − ½ · ¼) / …, r = (¼ − ⅛) / √(¼ · 3/16) = 1 / √3.
    const quarter = lookOf(i => (i % lookSide >= lookSide / 2 && i >= lookSide ** 2 / 2 ? 200 : 0));
    expect(agreementOf(halves, quarter)).toBeCloseTo(1 / Math.sqrt(3), 12);
  });

  const copies: [string, (bytes: Buffer) => Promise<Buffer>][] = [
    ['encoded again', bytes => sharp(bytes).jpeg({ quality: 30 }).toBuffer()],
    ['made smaller', bytes => sharp(bytes).resize(60).jpeg().toBuffer()],
    ['cropped', bytes => sharp(bytes).extract({ left: 6, top: 4, width: 228, height: 152 }).png().toBuffer()],
    [
      'made grey',
      bytes =>
        sharp(bytes)
          .recomb([0, 1, 2].map(() => [0.299, 0.587, 0.114]) as Matrix3x3)
          .png()
          .toBuffer(),
    ],
  ];
  it.each(copies)('agree, colours too, of a picture and a copy of it that was %s', async (_, copy) => {
    for (const seed of [1, 2, 3, 4]) {
      const { agreement, colours } = await compare(await picture(seed), await copy(await picture(seed)));
      expect(agreement).toBeGreaterThan(0.945);
      expect(colours).toBeLessThan(8);
    }
  });

  it('do not agree of different pictures', async () => {
    expect((await compare(await picture(1), await picture(2))).agreement).toBeLessThan(0.7);
  });

  it('differ in colour where only the colour is another', async () => {
    const inColour = (fill: string) =>
      sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"><rect width="80" height="60" fill="#fff"/>
           <circle cx="40" cy="30" r="24" fill="${fill}"/></svg>`,
        ),
      )
        .png()
        .toBuffer();
    // As light as each other: 0.299 · 200 = 0.587 · 102.
    const { agreement, colours } = await compare(
      await inColour('rgb(200,0,0)'),
      await inColour('rgb(0,102,0)'),
    );
    expect(agreement).toBeGreaterThan(0.99);
    expect(colours).toBeGreaterThan(20);
  });

  it('agree of plain pictures if these are as light as each other', async () => {
    const plain = (background: string) =>
      sharp({ create: { width: 50, height: 40, channels: 3, background } })
        .jpeg()
        .toBuffer();
    expect((await compare(await plain('#39a'), await plain('#39a'))).agreement).toBe(1);
    expect((await compare(await plain('#39a'), await plain('#40b0c0'))).agreement).toBe(0);
    expect((await compare(await plain('#39a'), await picture(1))).agreement).toBe(0);
  });
});
