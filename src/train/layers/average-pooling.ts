import { type Tensor, type Tensor4D, tf, tfl } from '../tf.js';

/** How many pixels of the image each window holds: [1, h, w, 1]. */
function windowCounts([, height, width]: readonly number[], size: number): Tensor4D {
  const reach = (size - 1) / 2;
  const along = (side: number): number[] =>
    Array.from({ length: side }, (_, i) => Math.min(side - 1, i + reach) - Math.max(0, i - reach) + 1);
  const columns = along(width);
  const counts = along(height).flatMap(rows => columns.map(column => rows * column));
  return tf.tensor4d(counts, [1, height, width, 1]);
}

/**
 * Mean over the window around each pixel of [n, h, w, channels], stride 1, without what lies outside the image. With
 * N = `windowCounts` it is y = (window sum of x) / N, so its gradient is window sum of dy/N = N · mean of dy/N: the same
 * fast kernel. TensorFlow.js's own divides by the whole window also where part of it lies outside, on cpu and wasm.
 */
export class AveragePooling extends tfl.layers.Layer {
  static readonly className = 'MedoidAveragePooling';
  /** Side of the window, odd. */
  readonly size: number;

  constructor({ size, ...options }: { name: string; size: number }) {
    super(options);
    if (size % 2 !== 1) throw new Error(`average pooling expects an odd window, got ${size}`);
    this.size = size;
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
    const mean = (values: Tensor): Tensor => tf.avgPool(values as Tensor4D, this.size, 1, 'same');
    const pool = tf.customGrad(((data: Tensor) => {
      const gradFunc = (dy: Tensor): Tensor => {
        const counts = windowCounts(dy.shape, this.size);
        return tf.mul(mean(tf.div(dy, counts)), counts);
      };
      return { value: mean(data), gradFunc };
    }) as Parameters<typeof tf.customGrad>[0]);
    return tf.tidy(() => pool(x));
  }
}
