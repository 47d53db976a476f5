import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { rowOf } from '../../src/math/vectors.js';
import { ClassVectors } from '../../src/train/class-vectors.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { losses } from '../../src/train/losses/index.js';
import type { Loss, LossContext } from '../../src/train/losses/loss.js';
import { smallConv } from '../../src/train/networks/small-conv.js';
import { tf } from '../../src/train/tf.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { defaultOptimizer, ratesOf } from '../fixtures/small-networks.js';

const shape = { classes: 5, dimension: 4, seed: 3, learningRateFactor: 1 };
const gradients = Array.from({ length: 6 }, (_, step) => {
  const random = createRandom(`gradient/${step}`);
  return Float32Array.from({ length: shape.classes * shape.dimension }, () => random.normal());
});

describe('class vectors', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  it('start as directions of unit length that the seed decides', () => {
    const vectors = new ClassVectors(shape);
    for (let c = 0; c < shape.classes; c++) expect(Math.hypot(...rowOf(vectors.block, c))).toBeCloseTo(1, 6);
    expect(new ClassVectors(shape).block).toEqual(vectors.block);
    expect(new ClassVectors({ ...shape, seed: 4 }).block).not.toEqual(vectors.block);
  });

  it("move as the network's optimiser would move them, at their own rate", () => {
    const vectors = new ClassVectors({ ...shape, learningRateFactor: 5 });
    const variable = tf.variable(tf.tensor1d(vectors.block.data), true, 'twin');
    const optimizer = tf.train.rmsprop(0.05, 0.9);
    for (const gradient of gradients) {
      tf.tidy(() => optimizer.applyGradients({ twin: tf.tensor1d(gradient) }));
      vectors.step(gradient, 0.01);
    }
    const expected = variable.dataSync();
    for (const [k, value] of vectors.block.data.entries()) expect(value).toBeCloseTo(expected[k], 5);
    tf.dispose(variable);
    optimizer.dispose();
  });

  it('go on from a saved state as if they had never stopped', () => {
    const whole = new ClassVectors(shape);
    const stopped = new ClassVectors(shape);
    for (const gradient of gradients) whole.step(gradient, 0.01);
    for (const gradient of gradients.slice(0, 3)) stopped.step(gradient, 0.01);
    const resumed = new ClassVectors({ ...shape, seed: 99 });
    resumed.setState(structuredClone(stopped.state()));
    for (const gradient of gradients.slice(3)) resumed.step(gradient, 0.01);
    expect(resumed.state()).toEqual(whole.state());
  });

  it('refuse the state of other classes, and one with something missing', () => {
    const vectors = new ClassVectors(shape);
    const other = new ClassVectors({ ...shape, classes: 6 });
    expect(() => vectors.setState(other.state())).toThrow(/vectors \[5,4\], got \[6,4\]/);
    expect(() => vectors.setState(vectors.state().slice(0, 1))).toThrow(/meanSquares .* got \[nothing\]/);
  });

  it('know when they are not finite', () => {
    const vectors = new ClassVectors(shape);
    expect(vectors.isFinite()).toBe(true);
    vectors.step(
      Float32Array.from(gradients[0], () => 1e30),
      1e30,
    );
    vectors.step(
      Float32Array.from(gradients[0], () => Number.POSITIVE_INFINITY),
      1,
    );
    expect(vectors.isFinite()).toBe(false);
  });

  it.each(
    losses.flatMap(definition => {
      const loss = definition.create(definition.options.parse({}));
      return loss.classVectors === undefined ? [] : [[definition.name, loss] as const];
    }),
  )('bring the loss %s down on embeddings that stay', (_, loss) => {
    const { block, labels } = randomBatch(createRandom('stay'), {
      count: 20,
      classes: 5,
      dimension: 4,
      noise: 0.3,
    });
    const vectors = new ClassVectors(shape);
    const evaluate = () => loss.evaluate(block, labels, { epoch: 0, classVectors: vectors.block });
    const before = evaluate().value;
    for (let step = 0; step < 60; step++) vectors.step(evaluate().classGradient as Float32Array, 0.03);
    expect(evaluate().value).toBeLessThan(0.7 * before);
  });

  it('reach the loss with the labels of training classes as they are, and embeddings of unit length or not', async () => {
    const seen: { labels: number[]; context: LossContext; lengths: number[] }[] = [];
    const recording = (normalised: boolean): Loss => ({
      normalised,
      evaluate(batch, labels, context) {
        const lengths = [0, 1, 2].map(i => Math.hypot(...rowOf(batch, i)));
        seen.push({ labels: Array.from(labels), context, lengths });
        return { value: 0, gradient: new Float32Array(batch.data.length), terms: {} };
      },
    });
    const model = smallConv.build(smallConv.options.parse({ width: 4, stages: 2 }), {
      ...{ inputSize: 16, dimension: 4, seed: 0 },
    });
    const network = new EmbeddingNetwork(model, defaultOptimizer());
    const classVectors = blockOf([[1, 0, 0, 0]]);
    const random = createRandom('input');
    const input = Float32Array.from({ length: 3 * 16 * 16 * 3 }, () => random.normal());
    for (const normalised of [true, false]) {
      const context = { epoch: 4, rates: ratesOf(0.1), classVectors };
      await network.step({ input, labels: [7, 2, 7] }, recording(normalised), context);
    }
    await network.close();
    for (const { labels, context } of seen) {
      expect(labels).toEqual([7, 2, 7]);
      expect(context).toEqual({ epoch: 4, classVectors });
    }
    for (const length of seen[0].lengths) expect(length).toBeCloseTo(1, 5);
    expect(Math.max(...seen[1].lengths)).toBeGreaterThan(1.2);
  });
});
