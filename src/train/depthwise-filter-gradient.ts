/** Of a depthwise convolution with a channel multiplier of 1. */
interface DepthwiseGeometry {
  readonly stride: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly padding: { readonly top: number; readonly left: number };
}

interface Images {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** Part of a row of pixels: where its channels begin in x and dy, how far apart pixels are, how many there are. */
interface RowPart {
  readonly xStart: number;
  readonly xStep: number;
  readonly dyStart: number;
  readonly dyStep: number;
  readonly pixels: number;
}

/** sums[offset + c] += Σ over pixels of x·dy of channel c; four channels at a time, as their sums do not wait for each other. */
function addRow(
  [sums, offset]: readonly [Float64Array, number],
  [x, dy]: readonly [Float32Array, Float32Array],
  { xStart, xStep, dyStart, dyStep, pixels }: RowPart,
): void {
  let c = 0;
  for (; c + 3 < dyStep; c += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let p = 0, i = xStart + c, j = dyStart + c; p < pixels; p++, i += xStep, j += dyStep) {
      s0 += x[i] * dy[j];
      s1 += x[i + 1] * dy[j + 1];
      s2 += x[i + 2] * dy[j + 2];
      s3 += x[i + 3] * dy[j + 3];
    }
    sums[offset + c] += s0;
    sums[offset + c + 1] += s1;
    sums[offset + c + 2] += s2;
    sums[offset + c + 3] += s3;
  }
  for (; c < dyStep; c++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += x[xStart + c + p * xStep] * dy[dyStart + c + p * dyStep];
    sums[offset + c] += sum;
  }
}

/**
 * ∂/∂filter: of each tap and channel, the sum of x·dy over images and output pixels. A plain loop; composed of tensor
 * operations, each tap would copy the whole batch several times.
 * @param x [n, h, w, channels] @param dy [n, oh, ow, channels] @returns [fh, fw, channels]
 */
export function depthwiseFilterGradient(x: Images, dy: Images, geometry: DepthwiseGeometry): Float32Array {
  const { stride, filterHeight, filterWidth, padding } = geometry;
  const [, height, width, channels] = x.shape;
  const [batch, outHeight, outWidth] = dy.shape;
  const sums = new Float64Array(filterHeight * filterWidth * channels);
  for (let outRow = 0; outRow < batch * outHeight; outRow++) {
    const image = Math.floor(outRow / outHeight);
    const top = (outRow % outHeight) * stride - padding.top;
    for (let tapY = Math.max(0, -top); tapY < Math.min(filterHeight, height - top); tapY++) {
      const row = image * height + top + tapY;
      for (let tapX = 0; tapX < filterWidth; tapX++) {
        // Output columns whose input column, column·stride + shift, lies within the image.
        const shift = tapX - padding.left;
        const first = Math.max(0, Math.ceil(-shift / stride));
        const last = Math.min(outWidth - 1, Math.floor((width - 1 - shift) / stride));
        addRow([sums, (tapY * filterWidth + tapX) * channels], [x.data, dy.data], {
          xStart: (row * width + first * stride + shift) * channels,
          xStep: stride * channels,
          dyStart: (outRow * outWidth + first) * channels,
          dyStep: channels,
          pixels: last - first + 1,
        });
      }
    }
  }
  return Float32Array.from(sums);
}
