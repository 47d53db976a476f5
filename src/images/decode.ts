import { createHash } from 'node:crypto';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { MedoidError } from '../errors.js';
import { countJpegParts } from './count-jpeg-parts.js';
import { countWebpFrames } from './count-webp-frames.js';
import { type CropBox, placeCropBox } from './crop-box.js';
import { defaultImageLimits, type ImageLimits } from './limits.js';
import type { Preprocessing } from './preprocessing.js';
import { sniffFormat } from './sniff-format.js';
import { stripPng } from './strip-png.js';

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

function requireFewFrames(frames: number, { maxFrames }: ImageLimits): void {
  if (frames <= maxFrames) return;
  throw new MedoidError('image-too-large', `expected at most ${maxFrames} frames, got ${frames} or more`);
}

/** Of a JPEG: more than any encoder makes, and each takes as long as the only one of a picture that has one. */
const mostScans = 100;
/** Of a JPEG: a large colour profile or XMP comes in hundreds. */
const mostSegments = 10_000;

/** As the decoder underneath gets to see it. */
const openSharp = (bytes: Uint8Array, options: SharpOptions): Sharp =>
  sharp(sniffFormat(bytes) === 'png' ? stripPng(bytes) : bytes, options);

/** What the decoder underneath would take a long time or much memory over, found without it. */
function requireFewParts(bytes: Uint8Array, claimed: string, limits: ImageLimits): void {
  const check = (what: string, got: number, most: number): void => {
    if (got <= most) return;
    throw new MedoidError('image-too-large', `expected at most ${most} ${what}, got more`);
  };
  if (claimed === 'webp') requireFewFrames(countWebpFrames(bytes, limits.maxFrames + 1), limits);
  if (claimed !== 'jpeg') return;
  const { segments, scans } = countJpegParts(bytes, { segments: mostSegments, scans: mostScans });
  check('JPEG scans', scans, mostScans);
  check('JPEG segments', segments, mostSegments);
}

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
  const claimed = sniffFormat(bytes);
  if (claimed === undefined) {
    throw new MedoidError(
      'unsupported-image',
      `expected ${readableFormats.join(', ')}, got bytes that are none of these`,
    );
  }
  requireFewParts(bytes, claimed, limits);
  let metadata: Metadata;
  try {
    metadata = await openSharp(bytes, { limitInputPixels: false }).metadata();
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
  requireFewFrames(metadata.pages ?? 1, limits);
  return { format, width, height };
}

/** First frame, upright, sRGB, 8 bits, alpha flattened on white: what every use of an image starts from. */
const openUpright = (bytes: Uint8Array, limits: ImageLimits): Sharp =>
  openSharp(bytes, { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');

const sharpFit = { squash: 'fill', cover: 'cover', contain: 'contain' } as const;

export interface DecodeOptions {
  readonly limits?: ImageLimits;
  /** The part that is looked at; all of it unless given. */
  readonly box?: CropBox | undefined;
}

/**
 * The one path from image bytes to pixels: RGB [resize, resize, 3], before cropping.
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`; `invalid-request` for a box that is
 *   not within the picture
 */
export async function decodeResized(
  bytes: Uint8Array,
  { resize, fit }: Pick<Preprocessing, 'resize' | 'fit'>,
  { limits = defaultImageLimits, box }: DecodeOptions = {},
): Promise<Uint8Array> {
  const info = await inspectImage(bytes, limits);
  const part = box && placeCropBox(box, info);
  const upright = openUpright(bytes, limits);
  try {
    return await (part === undefined ? upright : upright.extract(part))
      .resize(resize, resize, { fit: sharpFit[fit], background: '#ffffff', kernel: 'cubic' })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer();
  } catch (error) {
    throw damaged(error);
  }
}

export interface ReencodeOptions {
  readonly format: 'jpeg' | 'webp' | 'png';
  /** Most pixels of the longer side, which is never enlarged; as many as the picture has unless given. */
  readonly side?: number;
}

/** WebP holds no more; JPEG and PNG hold every picture that is read at all. */
const maxWebpSide = 16383;

// PNG is asked for no quality, as that would reduce it to a palette.
const encoding = { jpeg: { quality: 82 }, webp: { quality: 82 }, png: {} } as const;

/**
 * An upright copy, first frame, sRGB, transparency laid on white, with nothing of what the file said beside its
 * pixels: no EXIF, place, XMP, comment or colour profile.
 * @throws MedoidError `image-too-large`, `unsupported-image` or `unreadable-image`
 */
export async function reencodeImage(
  bytes: Uint8Array,
  { format, side = Number.POSITIVE_INFINITY }: ReencodeOptions,
  limits: ImageLimits = defaultImageLimits,
): Promise<Buffer> {
  const { width, height } = await inspectImage(bytes, limits);
  const most = Math.min(
    side,
    Math.max(width, height),
    format === 'webp' ? maxWebpSide : Number.POSITIVE_INFINITY,
  );
  try {
    return await openUpright(bytes, limits)
      .resize(most, most, { fit: 'inside' })
      .toFormat(format, encoding[format])
      .toBuffer();
  } catch (error) {
    throw damaged(error);
  }
}

/** A copy with its longer side at most `side` pixels. @throws MedoidError as `reencodeImage` */
export const createThumbnail = (
  bytes: Uint8Array,
  options: { readonly side: number; readonly format: 'jpeg' | 'webp' },
  limits: ImageLimits = defaultImageLimits,
): Promise<Buffer> => reencodeImage(bytes, options, limits);
