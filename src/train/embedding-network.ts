import { isFiniteVector, type VectorBlock } from '../math/vectors.js';
import type { Loss, LossContext, LossResult } from './losses/loss.js';
import type { NamedTensor } from './safetensors.js';
import { type LayersModel, type Scalar, type Tensor, type Tensor4D, tf } from './tf.js';

/** Rows to unit length; a zero row stays zero, with gradient zero. */
export const normaliseRows = (rows: Tensor): Tensor =>
  tf.mul(rows, tf.rsqrt(tf.maximum(tf.sum(tf.square(rows), 1, true), 1e-12)));

/** Input pixels of a batch and the class of each image. */
export interface Batch {
  /** [m, size, size, 3] */
  readonly input: Float32Array;
  /** Numbers of training classes: [m]. */
  readonly labels: ArrayLike<number>;
}

/** A network with its optimiser: one training step, and embeddings. Owns every tensor it keeps. */
export class EmbeddingNetwork {
  private readonly optimizer: tf.RMSPropOptimizer;

  constructor(
    readonly model: LayersModel,
    private readonly inputSize: number,
  ) {
    this.optimizer = tf.train.rmsprop(1e-3, 0.9);
  }

  /**
   * One step of RMSProp on one batch. What the loss learns beside the network is the caller's to move.
   * @returns the loss before the step
   */
  step(
    { input, labels }: Batch,
    loss: Loss,
    { learningRate, ...context }: LossContext & { readonly learningRate: number },
  ): LossResult {
    let result: LossResult | undefined;
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const raw = this.model.apply(this.inputTensor(input), { training: true }) as Tensor;
        const embeddings = loss.normalised ? normaliseRows(raw) : raw;
        const evaluate = tf.customGrad(((rows: Tensor, save: tf.GradSaveFunc) => {
          result = loss.evaluate(this.blockOf(rows), labels, context);
          save([tf.tensor(result.gradient, rows.shape)]);
          const gradFunc = (dy: Tensor, [gradient]: Tensor[]): Tensor => tf.mul(gradient, dy);
          return { value: tf.scalar(result.value), gradFunc };
        }) as Parameters<typeof tf.customGrad>[0]);
        return evaluate(embeddings) as Scalar;
      });
      // The learning rate is a protected field without a setter; its schedule is ours.
      Object.assign(this.optimizer, { learningRate });
      this.optimizer.applyGradients(grads);
    });
    return result as unknown as LossResult;
  }

  /** L2-normalised embeddings with running statistics: [n, dimension]. @param input [n, size, size, 3] */
  embed(input: Float32Array): VectorBlock {
    const rows = tf.tidy(() => normaliseRows(this.model.predict(this.inputTensor(input)) as Tensor));
    const block = this.blockOf(rows);
    rows.dispose();
    return block;
  }

  /** Weights by layer name, the running statistics of batch normalisation among them. */
  weights(): NamedTensor[] {
    const names = this.model.weights.map(weight => weight.originalName);
    return this.model.getWeights().map((tensor, i) => ({
      name: names[i],
      shape: tensor.shape,
      data: tensor.dataSync<'float32'>().slice(),
    }));
  }

  /** @param weights as `weights()` gave them */
  setWeights(weights: readonly NamedTensor[]): void {
    const byName = new Map(weights.map(weight => [weight.name, weight]));
    const tensors = this.model.weights.map(({ originalName, shape }) => {
      const weight = byName.get(originalName);
      if (weight === undefined || String(weight.shape) !== String(shape)) {
        throw new Error(`expected weight ${originalName} [${shape}], got [${weight?.shape ?? 'nothing'}]`);
      }
      return tf.tensor(weight.data, [...weight.shape]);
    });
    this.model.setWeights(tensors);
    tf.dispose(tensors);
  }

  /** Whether training has not run away: infinite weights can still give a finite loss, by way of ReLU. */
  isFinite(): boolean {
    return this.weights().every(({ data }) => isFiniteVector(data));
  }

  /** The optimiser's memory, in its own order. */
  async optimizerState(): Promise<NamedTensor[]> {
    const state = await this.optimizer.getWeights();
    const [{ tensor: iterations }] = state;
    const copies = state.map(({ name, tensor }, i) => ({
      name: `${i}:${name}`,
      shape: tensor.shape,
      data: Float32Array.from(tensor.dataSync()),
    }));
    // The others are the optimiser's own variables; the step count is made for the caller.
    iterations.dispose();
    return copies;
  }

  async setOptimizerState(state: readonly NamedTensor[]): Promise<void> {
    if (state.length === 0) return;
    const weights = state.map(({ name, shape, data }) => ({ name, tensor: tf.tensor(data, [...shape]) }));
    await this.optimizer.setWeights(weights);
    // The optimiser made variables of its own from them.
    tf.dispose(weights.map(({ tensor }) => tensor));
  }

  close(): void {
    this.optimizer.dispose();
    this.model.dispose();
  }

  private inputTensor(input: Float32Array): Tensor4D {
    const side = this.inputSize;
    return tf.tensor4d(input, [input.length / (side * side * 3), side, side, 3]);
  }

  private blockOf(rows: Tensor): VectorBlock {
    const [count, dimension] = rows.shape;
    return { data: rows.dataSync() as Float32Array, count, dimension };
  }
}
