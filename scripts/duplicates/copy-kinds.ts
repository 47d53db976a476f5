import sharp from 'sharp';

type MakeCopy = (picture: Buffer) => Promise<Buffer>;

const encodeAt =
  (quality: number): MakeCopy =>
  picture =>
    sharp(picture).autoOrient().jpeg({ quality }).toBuffer();

const encodeAsWebp: MakeCopy = picture => sharp(picture).autoOrient().webp({ quality: 80 }).toBuffer();

const resizeBy =
  (factor: number): MakeCopy =>
  async picture => {
    const { autoOrient } = await sharp(picture).metadata();
    return sharp(picture)
      .autoOrient()
      .resize(Math.round(autoOrient.width * factor))
      .jpeg({ quality: 85 })
      .toBuffer();
  };

/** Leaves out a twentieth of the width and of the height, half of it on each side. */
const crop: MakeCopy = async picture => {
  const { autoOrient } = await sharp(picture).metadata();
  const [width, height] = [Math.round(autoOrient.width * 0.95), Math.round(autoOrient.height * 0.95)];
  const [left, top] = [(autoOrient.width - width) >> 1, (autoOrient.height - height) >> 1];
  return sharp(picture).autoOrient().extract({ left, top, width, height }).jpeg({ quality: 90 }).toBuffer();
};

/** Lies on its side, and says so. */
const rotateByExif: MakeCopy = async picture => {
  const upright = await sharp(picture).autoOrient().toBuffer();
  return sharp(upright).rotate(270).withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer();
};

/** White letters across a tenth of the height, half transparent. */
const watermark: MakeCopy = async picture => {
  const { autoOrient } = await sharp(picture).metadata();
  const { width, height } = autoOrient;
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text x="50%" y="85%"
    text-anchor="middle" font-family="sans-serif" font-size="${height / 10}" fill="#fff" fill-opacity="0.5">© the shop 2026</text></svg>`;
  return sharp(picture)
    .autoOrient()
    .composite([{ input: Buffer.from(text) }])
    .jpeg({ quality: 90 })
    .toBuffer();
};

const grey: MakeCopy = picture => sharp(picture).autoOrient().greyscale().jpeg({ quality: 90 }).toBuffer();

/** What becomes of pictures that go round. */
export const copyKinds = {
  'same bytes': async picture => picture,
  'JPEG, quality 95': encodeAt(95),
  'JPEG, quality 60': encodeAt(60),
  'JPEG, quality 30': encodeAt(30),
  'WebP, quality 80': encodeAsWebp,
  'half the size': resizeBy(0.5),
  'a fifth of the size': resizeBy(0.2),
  'cropped by 5 %': crop,
  'rotated by EXIF': rotateByExif,
  watermark,
  grey,
} as const satisfies Record<string, MakeCopy>;

export type CopyKind = keyof typeof copyKinds;
