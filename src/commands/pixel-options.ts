import { z } from 'zod';
import { MedoidError } from '../errors.js';
import {
  defaultPreprocessing,
  type Preprocessing,
  preprocessingSchema,
  resizedTo,
} from '../images/preprocessing.js';
import { numeric } from './command.js';

const defaultImageSize = 64;
const pixels = preprocessingSchema.shape;
const largest = pixels.resize.maxValue;

/** Three numbers, one a channel. */
const perChannel = (channel: z.ZodType<number, number>) => {
  const number = numeric(channel);
  return z
    .string()
    .transform((text): (number | string)[] => text.split(','))
    .pipe(z.tuple([number, number, number], 'expected three numbers, comma-separated'));
};

/** How pictures become the input of a network that does not say so itself. */
export const pixelOptions = {
  imageSize: numeric(pixels.crop)
    .optional()
    .describe(
      `side of the network's input in pixels (default: ${defaultImageSize}, or what --backbone says of itself)`,
    ),
  resize: numeric(pixels.resize)
    .optional()
    .describe('side in pixels of the square that pictures are resized to (default: 9/8 of --image-size)'),
  fit: pixels.fit.optional().describe('how they become square (default: squash)'),
  channels: pixels.channels.optional().describe('order in which the network reads them (default: rgb)'),
  pixelMean: perChannel(z.number())
    .optional()
    .describe('what is subtracted from each channel, 0..255 (default: 127.5,127.5,127.5)'),
  pixelStd: perChannel(z.number().positive())
    .optional()
    .describe('what each channel is divided by then (default: 64,64,64)'),
};

export const pixelOptionNames = Object.keys(pixelOptions) as (keyof typeof pixelOptions)[];

const optionsSchema = z.object(pixelOptions);
export type PixelInput = z.output<typeof optionsSchema>;

const misuse = (message: string, field: string): MedoidError =>
  new MedoidError('invalid-option', message, { field });

/**
 * @param usual what holds where the options say nothing; its sizes in proportion to `--image-size`
 * @throws MedoidError `invalid-option` when pictures would be smaller than what is cut from them
 */
export function preprocessingOf(
  { imageSize: asked, resize, fit, channels, pixelMean, pixelStd }: PixelInput,
  usual: Preprocessing = defaultPreprocessing(asked ?? defaultImageSize),
): Preprocessing {
  const imageSize = asked ?? usual.crop;
  const standard = resizedTo(usual, imageSize);
  if (resize !== undefined && resize < imageSize) {
    throw misuse(
      `--resize: expected at least the ${imageSize} pixels of --image-size, got ${resize}`,
      'resize',
    );
  }
  if (resize === undefined && largest !== null && standard.resize > largest) {
    throw misuse(
      `--image-size ${imageSize}: expected --resize, too, of at most ${largest}; without it, it is ${standard.resize}`,
      'resize',
    );
  }
  return {
    resize: resize ?? standard.resize,
    fit: fit ?? standard.fit,
    crop: imageSize,
    channels: channels ?? standard.channels,
    mean: pixelMean ?? standard.mean,
    std: pixelStd ?? standard.std,
  };
}
