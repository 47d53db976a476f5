/** A max pooling without dilation. */
interface PoolGeometry {
  readonly batchSize: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}

interface PoolValues {
  /** [n, h, w, channels] */
  readonly input: Float32Array;
  /** Maxima of the windows: [n, oh, ow, channels]. */
  readonly output: Float32Array;
  /** Shaped as the output. */
  readonly dy: Float32Array;
}

/**
 * ∂/∂input: each window's dy goes to its maximum, the last of equal ones. @returns [n, h, w, channels]
 */
export function maxPoolGradient({ input, output, dy }: PoolValues, g: PoolGeometry): Float32Array {
  const channels = g.inChannels;
  const gradient = new Float32Array(input.length);
  // What of the current window's dy has not found its maximum yet.
  const pending = new Float32Array(channels);
  const addPixel = (from: number, to: number): void => {
    for (let c = 0; c < channels; c++) {
      if (input[to + c] === output[from + c]) {
        gradient[to + c] += pending[c];
        pending[c] = 0;
      }
    }
  };
  for (let row = 0; row < g.batchSize * g.outHeight; row++) {
    const image = Math.floor(row / g.outHeight);
    const top = (row % g.outHeight) * g.strideHeight - g.padInfo.top;
    for (let column = 0; column < g.outWidth; column++) {
      const left = column * g.strideWidth - g.padInfo.left;
      const from = (row * g.outWidth + column) * channels;
      pending.set(dy.subarray(from, from + channels));
      for (let y = Math.min(g.filterHeight, g.inHeight - top) - 1; y >= Math.max(0, -top); y--) {
        for (let x = Math.min(g.filterWidth, g.inWidth - left) - 1; x >= Math.max(0, -left); x--) {
          addPixel(from, ((image * g.inHeight + top + y) * g.inWidth + left + x) * channels);
        }
      }
    }
  }
  return gradient;
}
