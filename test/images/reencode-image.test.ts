import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { reencodeImage } from '../../src/images/decode.js';
import { createPicture } from '../fixtures/images.js';

const secret = 'Ottilie Musterfrau';
const formats = ['jpeg', 'webp', 'png'] as const;

/** Lies on its side, with a name, a place, XMP and a colour profile. */
const talkative = async (format: 'jpeg' | 'png' | 'webp' | 'tiff'): Promise<Buffer> =>
  sharp(await createPicture('talkative', { width: 60, height: 30 }))
    .withExif({ IFD0: { Artist: secret }, IFD3: { GPSLatitude: '48/1 8/1 0/1', GPSLatitudeRef: 'N' } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>${secret}</rdf></x:xmpmeta>`)
    .withIccProfile('p3')
    .withMetadata({ orientation: 6 })
    .toFormat(format)
    .toBuffer();

describe('a copy of an image', () => {
  describe.each(formats)('as %s', format => {
    it.each(['jpeg', 'png', 'webp', 'tiff'] as const)(
      'has nothing of what a %s says beside its pixels',
      async kind => {
        const bytes = await talkative(kind);
        expect(await sharp(bytes).metadata()).toMatchObject({ icc: expect.anything(), orientation: 6 });
        expect(bytes.includes(secret)).toBe(true);
        const copy = await reencodeImage(bytes, { format });
        const after = await sharp(copy).metadata();
        expect(after).toMatchObject({ format, space: 'srgb', width: 30, height: 60, hasAlpha: false });
        for (const name of ['exif', 'icc', 'xmp', 'iptc', 'comments', 'orientation'] as const) {
          expect(after[name], name).toBeUndefined();
        }
        expect(copy.includes(secret)).toBe(false);
      },
    );

    it('is no larger than asked for, and never enlarged', async () => {
      const bytes = await createPicture(1, { width: 60, height: 30 });
      const small = await sharp(await reencodeImage(bytes, { format, side: 20 })).metadata();
      expect([small.width, small.height]).toEqual([20, 10]);
      const same = await sharp(await reencodeImage(bytes, { format, side: 400 })).metadata();
      expect([same.width, same.height]).toEqual([60, 30]);
    });

    it('can be made of the widest picture there may be', async () => {
      const create = { width: 16384, height: 2, channels: 3 as const, background: 'red' };
      const bytes = await sharp({ create }).png().toBuffer();
      const { width } = await sharp(await reencodeImage(bytes, { format })).metadata();
      expect(width).toBe(format === 'webp' ? 16383 : 16384);
    });
  });

  it('has the colours that its profile meant', async () => {
    const create = { width: 8, height: 8, channels: 3 as const, background: { r: 200, g: 100, b: 100 } };
    const untagged = await sharp({ create }).png().toBuffer();
    const wide = await sharp(untagged).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer();
    const meant = await sharp(await reencodeImage(wide, { format: 'png' }))
      .raw()
      .toBuffer();
    for (const [channel, value] of [200, 100, 100].entries()) {
      expect(Math.abs(meant[channel] - value)).toBeLessThan(3);
    }
    // What the file stores is other numbers.
    expect(Math.abs(stored[0] - 200)).toBeGreaterThan(5);
  });

  it('is exact as PNG, with every colour there was', async () => {
    const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256));
    const raw = { width: 64, height: 64, channels: 3 as const };
    const copy = await reencodeImage(await sharp(pixels, { raw }).png().toBuffer(), { format: 'png' });
    expect(await sharp(copy).raw().toBuffer()).toEqual(pixels);
  });
});
