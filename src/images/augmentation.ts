import { z } from 'zod';
import type { Random } from '../math/random.js';
import type { InputSlot, Preprocessing } from './preprocessing.js';

/** How a training image is varied each time it is met. */
export const augmentationSchema = z.strictObject({
  /**
   * Smallest side of the window that is cut, as a share of the picture's: drawn anew each time from there to 1, its
   * aspect ratio from 3:4 to 4:3. 0 = the paper's: always the window of the centre crop, at a random place.
   */
  cropScale: z.number().min(0).max(1),
  /** With a cropScale above 0: share of the images that it is for, drawn for each; the others are cut as in the paper. */
  scaledShare: z.number().min(0).max(1).default(1),
  /** Brightness, contrast and saturation are each multiplied by a factor from 1 − this to 1 + this. */
  colourJitter: z.number().min(0).max(0.9),
  /** Share of the images that are made worse first: blurred, re-encoded as JPEG, or enlarged from a small copy. */
  degradedShare: z.number().min(0).max(1).default(0),
});

export type Augmentation = z.infer<typeof augmentationSchema>;

/** One drawn variation; the window in shares of the picture's side. */
export interface Variation {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly mirror: boolean;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

const widestAspect = 4 / 3;

/** Mirrored half of the time, as in the paper. */
export function drawVariation(
  { cropScale, scaledShare, colourJitter }: Omit<Augmentation, 'degradedShare'>,
  { resize, crop }: Preprocessing,
  random: Random,
): Variation {
  const between = (low: number, high: number): number => low + random.next() * (high - low);
  const factor = (): number => between(1 - colourJitter, 1 + colourJitter);
  // In whole pixels, so that a window of the paper is as sharp as the centre crop.
  const place = (): number => random.integer(resize - crop + 1) / resize;
  const share = crop / resize;
  // Drawn only where it decides something: with all or none the stream is the one of before there was a choice.
  const isScaled = cropScale > 0 && (scaledShare === 1 || random.next() < scaledShare);
  const side = between(cropScale, 1);
  const stretch = Math.sqrt(widestAspect ** between(-1, 1));
  const height = Math.min(1, side * stretch);
  const width = Math.min(1, side / stretch);
  return {
    ...(isScaled
      ? { height, width, top: between(0, 1 - height), left: between(0, 1 - width) }
      : { height: share, width: share, top: place(), left: place() }),
    mirror: random.next() < 0.5,
    ...{ brightness: factor(), contrast: factor(), saturation: factor() },
  };
}

/** Where each target column or row reads: two neighbouring source positions and the share of the second. */
function samplePositions(
  { start, length, count }: { start: number; length: number; count: number },
  limit: number,
): { low: Int32Array; high: Int32Array; share: Float32Array } {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const position = Math.min(limit - 1, Math.max(0, start + ((i + 0.5) * length) / count - 0.5));
    low[i] = Math.floor(position);
    high[i] = Math.min(limit - 1, low[i] + 1);
    share[i] = position - low[i];
  }
  return { low, high, share };
}

const meanOf = (pixels: Uint8Array): number => {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i];
  return sum / pixels.length;
};

/**
 * Writes one varied window, sampled bilinearly, into `slot`.
 * @param pixels RGB bytes [side, side, 3] of any side, larger than the crop for sharp windows
 */
export function writeVariedInput(
  { pixels, side, variation }: { pixels: Uint8Array; side: number; variation: Variation },
  { crop, channels, mean, std }: Preprocessing,
  { target, offset, layout }: InputSlot,
): void {
  const { top, left, height, width, mirror, brightness, contrast, saturation } = variation;
  const rows = samplePositions({ start: top * side, length: height * side, count: crop }, side);
  const columns = samplePositions({ start: left * side, length: width * side, count: crop }, side);
  const [pixelStride, channelStride] = layout === 'nhwc' ? [3, 1] : [1, crop * crop];
  const middle = meanOf(pixels) * brightness;
  // Plain variables only: this loop is a third of a training step of a small network.
  const isRgb = channels === 'rgb';
  const [meanFirst, meanSecond, meanThird] = mean;
  const [factorFirst, factorSecond, factorThird] = std.map(value => 1 / value);
  // Saturation, brightness, contrast, one after the other, as one sum.
  const ofColour = saturation * brightness * contrast;
  const ofGrey = (1 - saturation) * brightness * contrast;
  const constant = middle * (1 - contrast);
  for (let y = 0; y < crop; y++) {
    const above = rows.low[y] * side;
    const below = rows.high[y] * side;
    const down = rows.share[y];
    for (let i = 0; i < crop; i++) {
      const x = mirror ? crop - 1 - i : i;
      const before = columns.low[x];
      const after = columns.high[x];
      const right = columns.share[x];
      const a = (above + before) * 3;
      const b = (above + after) * 3;
      const c = (below + before) * 3;
      const d = (below + after) * 3;
      const ofD = down * right;
      const ofC = down - ofD;
      const ofB = right - ofD;
      const ofA = 1 - down - ofB;
      const red = pixels[a] * ofA + pixels[b] * ofB + pixels[c] * ofC + pixels[d] * ofD;
      const green = pixels[a + 1] * ofA + pixels[b + 1] * ofB + pixels[c + 1] * ofC + pixels[d + 1] * ofD;
      const blue = pixels[a + 2] * ofA + pixels[b + 2] * ofB + pixels[c + 2] * ofC + pixels[d + 2] * ofD;
      // Rec. 601 luma.
      const added = (0.299 * red + 0.587 * green + 0.114 * blue) * ofGrey + constant;
      const first = Math.min(255, Math.max(0, (isRgb ? red : blue) * ofColour + added));
      const second = Math.min(255, Math.max(0, green * ofColour + added));
      const third = Math.min(255, Math.max(0, (isRgb ? blue : red) * ofColour + added));
      const slot = offset + (y * crop + i) * pixelStride;
      target[slot] = (first - meanFirst) * factorFirst;
      target[slot + channelStride] = (second - meanSecond) * factorSecond;
      target[slot + 2 * channelStride] = (third - meanThird) * factorThird;
    }
  }
}
