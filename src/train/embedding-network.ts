import { isFiniteVector, type VectorBlock } from '../math/vectors.js';
import { type Gradients, inputTensor, recordedGradients } from './gradients.js';
import type { Loss, LossContext, LossResult } from './losses/loss.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { NamedTensor } from './safetensors.js';
import { setWeights } from './set-weights.js';
import { type LayersModel, type Scalar, type Tensor, tf } from './tf.js';
import { type UpdateRates, WeightUpdater } from './weight-updater.js';

/** Rows to unit length; a zero row stays zero, with gradient zero. */
export const normaliseRows = (rows: Tensor): Tensor =>
  tf.mul(rows, tf.rsqrt(tf.maximum(tf.sum(tf.square(rows), 1, true), 1e-12)));

/** Network input of a batch and the class of each example. */
export interface Batch {
  /** [m, ...input shape] */
  readonly input: Float32Array;
  /** Numbers of training classes: [m]. */
  readonly labels: ArrayLike<number>;
  /** What a teacher makes of each, if there is one: [m, dimension]. */
  readonly targets?: VectorBlock | undefined;
}

/** A network with its optimiser: one training step, and embeddings. Owns every tensor it keeps. */
export class EmbeddingNetwork {
  private readonly updater: WeightUpdater;

  /**
   * @param model with one input, of fixed shape but for the batch, and one output [n, dimension]
   * @param gradients of this model
   */
  constructor(
    readonly model: LayersModel,
    optimizer: Optimizer,
    private readonly gradients: Gradients = recordedGradients(model),
  ) {
    this.updater = new WeightUpdater(optimizer, model.trainableWeights);
  }

  /**
   * One step of the optimiser on one batch. What the loss learns beside the network is the caller's to move.
   * @returns the loss before the step
   */
  async step(
    { input, labels, targets }: Batch,
    loss: Loss,
    { rates, ...context }: LossContext & { readonly rates: UpdateRates },
  ): Promise<LossResult> {
    let result: LossResult | undefined;
    const gradients = await this.gradients.compute(input, raw => {
      const embeddings = loss.normalised ? normaliseRows(raw) : raw;
      const evaluate = tf.customGrad(((rows: Tensor, save: tf.GradSaveFunc) => {
        result = loss.evaluate(
          this.blockOf(rows),
          labels,
          targets === undefined ? context : { ...context, targets },
        );
        save([tf.tensor(result.gradient, rows.shape)]);
        const gradFunc = (dy: Tensor, [gradient]: Tensor[]): Tensor => tf.mul(gradient, dy);
        return { value: tf.scalar(result.value), gradFunc };
      }) as Parameters<typeof tf.customGrad>[0]);
      return evaluate(embeddings) as Scalar;
    });
    this.updater.update(gradients, rates);
    tf.dispose(gradients);
    return result as unknown as LossResult;
  }

  /** L2-normalised embeddings with running statistics: [n, dimension]. @param input [n, ...input shape] */
  embed(input: Float32Array): VectorBlock {
    const rows = tf.tidy(() => normaliseRows(this.model.predict(inputTensor(this.model, input)) as Tensor));
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
    setWeights(this.model, weights);
  }

  /** Whether training has not run away: infinite weights can still give a finite loss, by way of ReLU. */
  isFinite(): boolean {
    return this.weights().every(({ data }) => isFiniteVector(data));
  }

  /** The optimiser's memory. */
  optimizerState(): NamedTensor[] {
    return this.updater.state();
  }

  /** @param state as `optimizerState()` gave it */
  setOptimizerState(state: readonly NamedTensor[]): void {
    this.updater.setState(state);
  }

  async close(): Promise<void> {
    this.updater.close();
    this.model.dispose();
    await this.gradients.close();
  }

  private blockOf(rows: Tensor): VectorBlock {
    const [count, dimension] = rows.shape;
    return { data: rows.dataSync() as Float32Array, count, dimension };
  }
}
