/** What is refused before a single pixel is decoded. */
export interface ImageLimits {
  readonly maxBytes: number;
  readonly maxPixels: number;
  readonly maxSide: number;
  /** Of an animation, or pages of a TIFF. */
  readonly maxFrames: number;
}

export const defaultImageLimits: ImageLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxPixels: 64 * 1024 * 1024,
  maxSide: 16384,
  maxFrames: 1000,
};
