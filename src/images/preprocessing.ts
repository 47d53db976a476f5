import { z } from 'zod';
import { MedoidError } from '../errors.js';

/**
 * How pixels become the numbers a network sees. Training, indexing and querying all read this one description.
 * A photo is resized to `resize` × `resize`, a `crop` × `crop` window is cut (centre when embedding, random when
 * training), and each channel value v in 0..255 becomes (v − mean) / std.
 */
export const preprocessingSchema = z.strictObject({
  /** Side in pixels of the square the photo is resized to. */
  resize: z.int().min(8).max(1024),
  /** `squash` ignores the aspect ratio (the paper's way), `cover` cuts the longer side, `contain` pads it. */
  fit: z.enum(['squash', 'cover', 'contain']),
  /** Side in pixels of the network's input. */
  crop: z.int().min(8).max(1024),
  channels: z.enum(['rgb', 'bgr']),
  /** Per channel, in the order of `channels`, on the 0..255 scale. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
});

export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** The preprocessing of networks trained here: values centred on 0 with a spread near 1. */
export const defaultPreprocessing = (crop: number): Preprocessing => ({
  resize: Math.round(crop * 1.125),
  fit: 'squash',
  crop,
  channels: 'rgb',
  mean: [127.5, 127.5, 127.5],
  std: [64, 64, 64],
});

/** The same for another side of the network's input, the square in proportion. */
export const resizedTo = (preprocessing: Preprocessing, crop: number): Preprocessing => ({
  ...preprocessing,
  resize: Math.round((preprocessing.resize * crop) / preprocessing.crop),
  crop,
});

/** Which window of the resized square is taken, and whether it is mirrored left to right. */
export interface CropWindow {
  readonly top: number;
  readonly left: number;
  readonly mirror: boolean;
}

export const centreCrop = ({ resize, crop }: Preprocessing): CropWindow => {
  const margin = Math.floor((resize - crop) / 2);
  return { top: margin, left: margin, mirror: false };
};

/** How many windows of a picture may be embedded and averaged. */
export const cropCounts = [1, 2, 5, 10] as const;

export type CropCount = (typeof cropCounts)[number];

/**
 * The windows of one picture: 1 = the centre, 2 = the centre and its mirror image, 5 = the centre and the four corners,
 * 10 = these five and their mirror images (Krizhevsky et al. 2012, section 4.1).
 * @throws MedoidError `invalid-option` for 5 and 10 where nothing is cut off, so that the corners are the centre
 */
export function cropWindows(preprocessing: Preprocessing, count: CropCount): CropWindow[] {
  const { resize, crop } = preprocessing;
  const centre = centreCrop(preprocessing);
  if (count <= 2) return [centre, { ...centre, mirror: true }].slice(0, count);
  const far = resize - crop;
  if (far <= 0) {
    throw new MedoidError(
      'invalid-option',
      `expected a model that resizes to more than it crops, for ${count} crops; ` +
        `got resize ${resize} and crop ${crop}, where the corners are the centre`,
      { field: 'crops' },
    );
  }
  const corners = [0, far].flatMap(top => [0, far].map(left => ({ top, left, mirror: false })));
  const straight = [centre, ...corners];
  return count === 5 ? straight : [...straight, ...straight.map(window => ({ ...window, mirror: true }))];
}

/** Where the numbers of one image go: `nhwc` for TensorFlow.js, `nchw` for ONNX Runtime. */
export interface InputSlot {
  readonly target: Float32Array;
  readonly offset: number;
  readonly layout: 'nhwc' | 'nchw';
}

/**
 * Writes one normalised window into `slot`.
 * @param pixels RGB bytes [resize, resize, 3] as `decodeResized` returns them
 */
export function writeNetworkInput(
  pixels: Uint8Array,
  window: CropWindow,
  preprocessing: Preprocessing,
  slot: InputSlot,
): void {
  const { resize, crop, channels, mean, std } = preprocessing;
  const { target, offset, layout } = slot;
  const [pixelStride, channelStride] = layout === 'nhwc' ? [3, 1] : [1, crop * crop];
  for (let channel = 0; channel < 3; channel++) {
    const source = channels === 'rgb' ? channel : 2 - channel;
    const scale = 1 / std[channel];
    const shift = mean[channel];
    for (let y = 0; y < crop; y++) {
      const row = (window.top + y) * resize + window.left;
      for (let x = 0; x < crop; x++) {
        const column = window.mirror ? crop - 1 - x : x;
        target[offset + channel * channelStride + (y * crop + x) * pixelStride] =
          (pixels[(row + column) * 3 + source] - shift) * scale;
      }
    }
  }
}
