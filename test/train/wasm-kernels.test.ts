import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { loadEngine } from '../../src/train/engine.js';
import { importBackend, type Tensor4D, tf } from '../../src/train/tf.js';

const random = createRandom('kernels');
const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
const tensor = (shape: [number, number, number, number]): { data: Float32Array; shape: typeof shape } => ({
  data: numbers(shape.reduce((product, side) => product * side)),
  shape,
});
type Data = ReturnType<typeof tensor>;

/** Gradients of Σ weights ∘ operation(…inputs) on one backend. */
async function gradientsOn(
  backend: string,
  inputs: readonly Data[],
  operation: (...inputs: Tensor4D[]) => Tensor4D,
): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const gradients = tf.tidy(() =>
    tf.grads((...tensors) => {
      const y = operation(...(tensors as Tensor4D[]));
      const seeded = createRandom('output gradient');
      const weights = tf.tensor(
        Array.from({ length: y.size }, () => seeded.normal()),
        y.shape,
      );
      return tf.sum(tf.mul(y, weights));
    })(inputs.map(({ data, shape }) => tf.tensor(data, shape))),
  );
  const values = gradients.map(gradient => gradient.dataSync() as Float32Array);
  tf.dispose(gradients);
  return values;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  expect(worst / scale).toBeLessThan(1e-4);
}

const sides = [1, 4, 5, 8, 9];
const cases = sides.flatMap(side =>
  [1, 3, 5].flatMap(kernel =>
    [1, 2].flatMap(stride =>
      (['same', 'valid'] as const)
        .filter(padding => padding === 'same' || side >= kernel)
        .map(padding => ({ side, kernel, stride, padding })),
    ),
  ),
);

describe('gradients of the wasm engine', () => {
  beforeAll(async () => {
    await loadEngine('wasm');
    await importBackend('cpu');
  });

  it.each(cases)(
    'equal the cpu backend for convolution: side $side, kernel $kernel, stride $stride, $padding',
    async given => {
      const { side, kernel, stride, padding } = given;
      const data: [Data, Data] = [tensor([2, side, side + 1, 3]), tensor([kernel, kernel, 3, 4])];
      const convolve = (x: Tensor4D, filter: Tensor4D): Tensor4D => tf.conv2d(x, filter, stride, padding);
      const expected = await gradientsOn('cpu', data, convolve);
      const actual = await gradientsOn('wasm', data, convolve);
      for (const [i, gradient] of actual.entries()) expectClose(gradient, expected[i]);
    },
  );

  it.each(cases)('equal it depthwise: side $side, kernel $kernel, stride $stride, $padding', async given => {
    const { side, kernel, stride, padding } = given;
    const data: [Data, Data] = [tensor([2, side, side + 1, 3]), tensor([kernel, kernel, 3, 1])];
    const convolve = (x: Tensor4D, filter: Tensor4D): Tensor4D =>
      tf.depthwiseConv2d(x, filter, stride, padding);
    const expected = await gradientsOn('cpu', data, convolve);
    const actual = await gradientsOn('wasm', data, convolve);
    for (const [i, gradient] of actual.entries()) expectClose(gradient, expected[i]);
  });

  it.each(cases)(
    'equal it for max pooling: side $side, kernel $kernel, stride $stride, $padding',
    async given => {
      const { side, kernel, stride, padding } = given;
      // All values of the first image are negative.
      const x = tensor([3, side, side + 1, 5]);
      const below = {
        ...x,
        data: x.data.map((value, i) => (i < x.data.length / 3 ? -Math.abs(value) : value)),
      };
      const pool = (image: Tensor4D): Tensor4D => tf.maxPool(image, kernel, stride, padding);
      const [expected] = await gradientsOn('cpu', [below], pool);
      const [actual] = await gradientsOn('wasm', [below], pool);
      expectClose(actual, expected);
    },
  );

  it('gives the gradient of a max pooling to the last of equal values, once', async () => {
    const x: Data = { data: Float32Array.of(-2, -2, -3, -2), shape: [1, 2, 2, 1] };
    const [gradient] = await gradientsOn('wasm', [x], image => tf.maxPool(image, 2, 2, 'valid'));
    expect(gradient[3]).not.toBe(0);
    expect([...gradient.slice(0, 3)]).toEqual([0, 0, 0]);
  });

  it('refuses what it cannot do instead of answering wrongly', async () => {
    await tf.setBackend('wasm');
    const twoOutputsAChannel = () =>
      tf.grads((x, filter) => tf.depthwiseConv2d(x as Tensor4D, filter as Tensor4D, 1, 'same'))([
        tf.ones([1, 6, 6, 2]),
        tf.ones([3, 3, 2, 2]),
      ]);
    expect(twoOutputsAChannel).toThrow(/multiplier of 1, got 2/);
  });
});
