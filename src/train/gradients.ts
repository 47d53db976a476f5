import { type LayersModel, type Scalar, type Tensor, tf } from './tf.js';

/** The loss of a batch, to be called once. @param embeddings [n, dimension], as the network's last layer gives them */
export type LossOf = (embeddings: Tensor) => Scalar;

/** How ∂loss/∂weights of a batch come about. The running statistics of its normalisations move with each. */
export interface Gradients {
  /**
   * @param input [n, ...input shape]
   * @returns by the name of the weight's variable; the caller's to dispose of
   */
  compute(input: Float32Array, lossOf: LossOf): Promise<tf.NamedTensorMap>;
  close(): Promise<void>;
}

/** [n, ...input shape] */
export function inputTensor(model: LayersModel, input: Float32Array): Tensor {
  const shape = model.inputs[0].shape.slice(1) as number[];
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor(input, [input.length / size, ...shape]);
}

/** TensorFlow.js records each operation of the forward pass and goes back along them: for any network. */
export const recordedGradients = (model: LayersModel): Gradients => ({
  compute: async (input, lossOf) =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() =>
        lossOf(model.apply(inputTensor(model, input), { training: true }) as Tensor),
      );
      return grads;
    }),
  close: async () => {},
});
