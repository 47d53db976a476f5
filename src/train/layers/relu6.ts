import { type Tensor, tf, tfl } from '../tf.js';

/** min(max(x, 0), 6), with gradient dy where 0 < x < 6; several times faster on wasm than a ReLU with a maximum. */
export class ReLU6 extends tfl.layers.Layer {
  static readonly className = 'MedoidReLU6';

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor;
    const clip = tf.customGrad(((data: Tensor, save: tf.GradSaveFunc) => {
      const value = tf.clipByValue(data, 0, 6);
      save([value]);
      const gradFunc = (dy: Tensor, [y]: Tensor[]): Tensor =>
        tf.mul(dy, tf.mul(tf.step(y), tf.step(tf.sub(6, y))));
      return { value, gradFunc };
    }) as Parameters<typeof tf.customGrad>[0]);
    return tf.tidy(() => clip(x));
  }
}
