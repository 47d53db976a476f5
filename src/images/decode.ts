import { createHash } from 'node:crypto';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { MedoidError } from '../errors.js';
import { defaultImageLimits, type ImageLimits } from './limits.js';
import type { Preprocessing } from './preprocessing.js';
import { sniffFormat } from './sniff-format.js';

sharp.cache(false);
// One image a thread: batches keep every core busy by decoding several images at once.
sharp.concurrency(1);

export const readableFormats = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const;
export type ImageFormat = (typeof readableFormats)[number];

export interface ImageInfo {
  readonly format: ImageFormat;
  /** As seen, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
}

/** Identity of an image's bytes. */
export const hashImage = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const formatOf = (metadata: Metadata): ImageFormat | undefined => {
  const name = metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format;
  return readableFormats.find(format => format === name);
};

/** Without the decoder's own words: those of several pictures at once get mixed up. */
const damaged = (cause: unknown): MedoidError =>
  new MedoidError('unreadable-image', 'the image cannot be decoded: it is damaged or cut short', { cause });

/**
 * Reads the header only.
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`
 */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits = defaultImageLimits,
): Promise<ImageInfo> {
  if (bytes.length === 0) throw new MedoidError('unreadable-image', 'expected an image, got 0 bytes');
  if (bytes.length > limits.maxBytes) {
    throw new MedoidError(
      'image-too-large',
      `expected at most ${limits.maxBytes} bytes, got ${bytes.length}`,
    );
  }
  if (sniffFormat(bytes) === undefined) {
    throw new MedoidError(
      'unsupported-image',
      `expected ${readableFormats.join(', ')}, got bytes that are none of these`,
    );
  }
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw damaged(error);
  }
  const format = formatOf(metadata);
  if (format === undefined) {
    throw new MedoidError(
      'unsupported-image',
      `expected ${readableFormats.join(', ')}, got ${metadata.format ?? 'an unknown format'}`,
    );
  }
  const { width, height } = metadata.autoOrient;
  if (width > limits.maxSide || height > limits.maxSide || width * height > limits.maxPixels) {
    throw new MedoidError(
      'image-too-large',
      `expected at most ${limits.maxSide} pixels a side and ${limits.maxPixels} in all, got ${width}×${height}`,
    );
  }
  return { format, width, height };
}

/** First frame, upright, sRGB, 8 bits, alpha flattened on white: what every use of an image starts from. */
const openUpright = (bytes: Uint8Array, limits: ImageLimits): Sharp =>
  sharp(bytes, { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');

const sharpFit = { squash: 'fill', cover: 'cover', contain: 'contain' } as const;

/**
 * The one path from image bytes to pixels: RGB [resize, resize, 3], before cropping.
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`
 */
export async function decodeResized(
  bytes: Uint8Array,
  { resize, fit }: Pick<Preprocessing, 'resize' | 'fit'>,
  limits: ImageLimits = defaultImageLimits,
): Promise<Uint8Array> {
  await inspectImage(bytes, limits);
  try {
    return await openUpright(bytes, limits)
      .resize(resize, resize, { fit: sharpFit[fit], background: '#ffffff', kernel: 'cubic' })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer();
  } catch (error) {
    throw damaged(error);
  }
}

/**
 * A smaller upright copy with its longer side at most `side` pixels.
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`
 */
export async function createThumbnail(
  bytes: Uint8Array,
  { side, format }: { readonly side: number; readonly format: 'jpeg' | 'webp' },
  limits: ImageLimits = defaultImageLimits,
): Promise<Buffer> {
  await inspectImage(bytes, limits);
  try {
    return await openUpright(bytes, limits)
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .toFormat(format, { quality: 82 })
      .toBuffer();
  } catch (error) {
    throw damaged(error);
  }
}
