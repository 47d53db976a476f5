import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/train/engine.js';
import { optimizers } from '../../src/train/optimizers/index.js';
import { type Tensor, tf, tfl } from '../../src/train/tf.js';
import { type UpdateRates, WeightUpdater } from '../../src/train/weight-updater.js';
import { ratesOf } from '../fixtures/small-networks.js';

const optimizerOf = (name: string) => {
  const definition = optimizers.find(entry => entry.name === name);
  if (definition === undefined) throw new Error(`there is no ${name}`);
  return definition.create(definition.options.parse({}));
};

/** A kernel [1, 2] and a bias [2] of the body, a kernel [2, 1] of the head. */
function createModel() {
  const input = tfl.input({ shape: [1] });
  const initializers = { kernelInitializer: 'ones', biasInitializer: 'ones' } as const;
  const body = tfl.layers.dense({ name: 'body', units: 2, ...initializers }).apply(input);
  const head = tfl.layers.dense({ name: 'head', units: 1, useBias: false, ...initializers }).apply(body);
  return tfl.model({ inputs: input, outputs: head as never });
}

/** Values of body kernel, body bias and head kernel after steps with these gradients, the same for each number. */
function valuesAfter(name: string, gradients: readonly number[], rates: UpdateRates): number[][] {
  const model = createModel();
  const updater = new WeightUpdater(optimizerOf(name), model.trainableWeights);
  for (const gradient of gradients) {
    const entries = model.trainableWeights.map(({ name: weight, shape }) => [
      weight,
      tf.fill(shape as number[], gradient),
    ]);
    const named = Object.fromEntries(entries) as tf.NamedTensorMap;
    updater.update(named, rates);
    tf.dispose(named);
  }
  const values = model.getWeights().map(weight => [...weight.dataSync()]);
  updater.close();
  model.dispose();
  return values;
}

describe('optimisers', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
  });

  it('move by RMSProp: v = 0.1·g², then 0.9·v + 0.1·g²', () => {
    const [[first]] = valuesAfter('rmsprop', [0.5, -1], ratesOf(0.1));
    const [v1, v2] = [0.1 * 0.25, 0.9 * 0.1 * 0.25 + 0.1];
    expect(first).toBeCloseTo(1 - (0.1 * 0.5) / Math.sqrt(v1 + 1e-7) + 0.1 / Math.sqrt(v2 + 1e-7), 5);
  });

  it('move by RMSProp exactly as TensorFlow.js does', () => {
    const gradients = [0.3, -2, 0.01, 7];
    const [[expected]] = tf.tidy(() => {
      const weight = tf.variable(tf.ones([1]), true, 'reference');
      const reference = tf.train.rmsprop(0.01, 0.9);
      for (const gradient of gradients) reference.applyGradients({ reference: tf.tensor1d([gradient]) });
      const value = [...weight.dataSync()];
      weight.dispose();
      reference.dispose();
      return [value];
    });
    expect(valuesAfter('rmsprop', gradients, ratesOf(0.01))[0][0]).toBe(expected);
  });

  it('move by Adam: the first step is the learning rate, the second as in Kingma & Ba, algorithm 1', () => {
    expect(valuesAfter('adam', [0.5], ratesOf(0.1))[0][0]).toBeCloseTo(0.9, 5);
    const [[value]] = valuesAfter('adam', [0.5, -1], ratesOf(0.1));
    const mean = (0.9 * 0.05 - 0.1) / (1 - 0.81);
    const square = (0.999 * 0.00025 + 0.001) / (1 - 0.998001);
    expect(value).toBeCloseTo(0.9 - (0.1 * mean) / Math.sqrt(square), 5);
  });

  it('decay kernels only: as L2 regularisation, or decoupled with adamw', () => {
    const rates = { ...ratesOf(0.1), weightDecay: 0.5 };
    const [[kernel], [bias]] = valuesAfter('adamw', [0], rates);
    expect(kernel).toBeCloseTo(1 - 0.1 * 0.5, 6);
    expect(bias).toBe(1);
    // The gradient of ½·0.5·w² at w = 1 is 0.5; Adam's first step is the learning rate whatever its size.
    expect(valuesAfter('adam', [0], rates)[0][0]).toBeCloseTo(0.9, 5);
    expect(valuesAfter('rmsprop', [0], rates)[0][0]).toBeCloseTo(1 - 0.05 / Math.sqrt(0.025 + 1e-7), 5);
  });

  it('let the head learn faster', () => {
    const [[body], , [head]] = valuesAfter('adam', [1], { ...ratesOf(0.01), headLearningRateFactor: 10 });
    expect(body).toBeCloseTo(0.99, 5);
    expect(head).toBeCloseTo(0.9, 5);
  });

  it('shorten gradients that are too long together, and leave others alone', () => {
    // Six numbers of 2: length √24.
    const clipped = valuesAfter('rmsprop', [2], { ...ratesOf(0.1), clipNorm: 1e-4 })[0][0];
    const gradient = (2 * 1e-4) / Math.sqrt(24);
    expect(clipped).toBeCloseTo(1 - (0.1 * gradient) / Math.sqrt(0.1 * gradient ** 2 + 1e-7), 6);
    const free = valuesAfter('rmsprop', [2], ratesOf(0.1));
    expect(valuesAfter('rmsprop', [2], { ...ratesOf(0.1), clipNorm: 5 })).toEqual(free);
  });

  it.each(optimizers.map(({ name }) => name))(
    'go on from their saved memory, and keep no tensor: %s',
    name => {
      const gradientsOf = (model: ReturnType<typeof createModel>, value: number): tf.NamedTensorMap =>
        Object.fromEntries(
          model.trainableWeights.map(weight => [
            weight.name,
            tf.fill(weight.shape as number[], value) as Tensor,
          ]),
        );
      const run = (interrupt: boolean): number[][] => {
        const model = createModel();
        let updater = new WeightUpdater(optimizerOf(name), model.trainableWeights);
        for (const [i, value] of [0.5, -1, 3].entries()) {
          if (interrupt && i === 2) {
            const state = updater.state();
            updater.close();
            updater = new WeightUpdater(optimizerOf(name), model.trainableWeights);
            updater.setState(state);
            expect(() => updater.setState(state.slice(1))).toThrow(/expected optimiser memory steps/);
          }
          const gradients = gradientsOf(model, value);
          updater.update(gradients, ratesOf(0.01));
          tf.dispose(gradients);
        }
        const values = model.getWeights().map(weight => [...weight.dataSync()]);
        updater.close();
        model.dispose();
        return values;
      };
      const whole = run(false);
      const before = tf.memory().numTensors;
      expect(run(true)).toEqual(whole);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});
