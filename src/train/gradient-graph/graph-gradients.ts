import { MedoidError } from '../../errors.js';
import type { Gradients, LossOf } from '../gradients.js';
import type { BatchNorm } from '../layers/batch-norm.js';
import { type LayersModel, tf } from '../tf.js';
import { findBlock, GradientRunner } from './gradient-runner.js';

/** Sizes of batches whose graphs stay open: each has memory of its own, 0.6 MB a picture and more. */
const openSizes = 3;

/** Gradients by the two graphs of `write-gradient-graphs.ts`, on all cores. Batches of each size have their own. */
export class GraphGradients implements Gradients {
  /** By the size of the batch, the one that was used last at the end. */
  private readonly runners = new Map<number, GradientRunner>();

  private constructor(
    private readonly model: LayersModel,
    private readonly block: number,
  ) {}

  /** @throws MedoidError `engine-unavailable` for a network or a processor that has none here, or a graph that ONNX Runtime refuses */
  static async open(model: LayersModel): Promise<GraphGradients> {
    const block = await findBlock();
    if (block === undefined) {
      throw new MedoidError(
        'engine-unavailable',
        'ONNX Runtime has no blocked convolutions on this processor',
      );
    }
    await (await GradientRunner.open(model, { batch: block, block })).close();
    return new GraphGradients(model, block);
  }

  async compute(input: Float32Array, lossOf: LossOf): Promise<tf.NamedTensorMap> {
    const { model } = this;
    const [, height, width, channels] = model.inputs[0].shape as number[];
    const batch = input.length / (height * width * channels);
    const runner = await this.runnerFor(batch);
    const weights = new Map(
      model.weights.map(weight => [weight.originalName, weight.read().dataSync<'float32'>()]),
    );
    const { embeddings, statistics } = await runner.embed(input, weights);
    const slope = tf.tidy(() => {
      const rows = tf.tensor(embeddings, [batch, embeddings.length / batch]);
      return tf.grad(lossOf)(rows).dataSync<'float32'>();
    });
    const gradients = await runner.differentiate(slope);
    tf.tidy(() => {
      for (const { layer, mean, variance } of statistics)
        (layer as BatchNorm).moveStatistics(tf.tensor1d(mean), tf.tensor1d(variance));
    });
    const shapes = new Map(model.trainableWeights.map(({ name, shape }) => [name, shape as number[]]));
    return Object.fromEntries(
      Array.from(gradients, ([name, data]) => [name, tf.tensor(data, shapes.get(name))]),
    );
  }

  async close(): Promise<void> {
    for (const runner of this.runners.values()) await runner.close();
  }

  private async runnerFor(batch: number): Promise<GradientRunner> {
    const runner = this.runners.get(batch) ?? (await this.openRunner(batch));
    this.runners.delete(batch);
    this.runners.set(batch, runner);
    return runner;
  }

  private async openRunner(batch: number): Promise<GradientRunner> {
    if (this.runners.size === openSizes) {
      const [[size, oldest]] = this.runners;
      this.runners.delete(size);
      await oldest.close();
    }
    return GradientRunner.open(this.model, { batch, block: this.block });
  }
}
