import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Picture } from '../../../src/gallery/duplicates/list-pictures.js';
import type { PictureReader } from '../../../src/gallery/duplicates/picture-reader.js';
import { SameLook } from '../../../src/gallery/duplicates/same-look.js';
import { colourDifference } from '../../../src/images/compare-looks.js';
import { defaultImageLimits } from '../../../src/images/limits.js';
import { pictureLook } from '../../../src/images/picture-look.js';

/** A small thing on white. */
const thing = (fill: string): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"><rect width="80" height="60" fill="#fff"/>
       <circle cx="40" cy="30" r="9" fill="${fill}"/></svg>`,
    ),
  )
    .png()
    .toBuffer();

async function isProven(a: Buffer, b: Buffer): Promise<boolean> {
  const bytes = [a, b];
  const pictures = bytes.map((_, i) => ({ imageSha256: String(i) }) as Picture);
  const readEach: PictureReader['readEach'] = (wanted, make) =>
    Promise.all(wanted.map(picture => make(bytes[Number(picture.imageSha256)], defaultImageLimits)));
  const looks = new SameLook({ readEach } as PictureReader);
  await looks.load(pictures);
  return looks.isProven(pictures[0], pictures[1]);
}

describe('a look at two pictures', () => {
  // As light as each other: 0.299 · 200 = 0.587 · 102.
  const [red, green] = ['rgb(200,0,0)', 'rgb(0,102,0)'];

  it('proves that a copy is one', async () => {
    const picture = await thing(red);
    expect(await isProven(picture, await sharp(picture).jpeg({ quality: 30 }).toBuffer())).toBe(true);
    expect(await isProven(picture, await sharp(picture).resize(40).jpeg().toBuffer())).toBe(true);
    expect(await isProven(picture, await sharp(picture).grayscale().png().toBuffer())).toBe(true);
  });

  it('proves nothing of what has its colour in another colour, however little of the picture that is', async () => {
    const [a, b] = [await thing(red), await thing(green)];
    expect(colourDifference(await pictureLook(a), await pictureLook(b))).toBeLessThan(8);
    expect(await isProven(a, b)).toBe(false);
  });
});
