import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { loadEngine } from '../../src/train/engine.js';
import { AveragePooling } from '../../src/train/layers/average-pooling.js';
import { ReLU6 } from '../../src/train/layers/relu6.js';
import { importBackend, type Tensor, tf, type tfl } from '../../src/train/tf.js';

const random = createRandom('layers');
const numbers = (count: number): number[] => Array.from({ length: count }, () => 4 * random.normal());

/** Central differences of Σ slopes ∘ layer(x) beside the layer's own gradient. */
function gradientsOf(layer: tfl.layers.Layer, shape: [number, number, number, number]) {
  const count = shape.reduce((product, side) => product * side);
  const [x, slopes] = [numbers(count), numbers(count)];
  const value = (values: number[]): number =>
    tf.tidy(() => {
      const y = (layer.apply(tf.tensor(values, shape)) as Tensor).dataSync<'float32'>();
      return y.reduce((sum, element, i) => sum + element * slopes[i], 0);
    });
  const h = 0.01;
  const numeric = x.map((_, i) => {
    const moved = (by: number): number[] => x.map((element, k) => (k === i ? element + by : element));
    return (value(moved(h)) - value(moved(-h))) / (2 * h);
  });
  const written = tf.tidy(() => {
    const gradient = tf.grad(images => layer.apply(images) as Tensor);
    return gradient(tf.tensor(x, shape), tf.tensor(slopes, shape)).dataSync();
  });
  return { numeric, written };
}

describe.each(['wasm', 'cpu'])('layers of our own on %s', backend => {
  beforeAll(async () => {
    await loadEngine('wasm');
    await importBackend('cpu');
    await tf.setBackend(backend);
  });

  it.each([
    [3, 1, 1],
    [3, 2, 3],
    [3, 5, 4],
    [5, 3, 4],
    [5, 7, 6],
  ])(
    'average pooling of %d×: finite differences agree, borders included, on %d by %d',
    (size, height, width) => {
      const layer = new AveragePooling({ name: `pool-${backend}-${size}-${height}`, size });
      const { numeric, written } = gradientsOf(layer, [2, height, width, 3]);
      for (const [i, slope] of numeric.entries()) expect(Math.abs(written[i] - slope)).toBeLessThan(0.01);
    },
  );

  it('averages what is inside the image only', () => {
    const layer = new AveragePooling({ name: `mean-${backend}`, size: 3 });
    const y = layer.apply(tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1])) as Tensor;
    expect([...y.dataSync()].map(value => value.toFixed(4))).toEqual(
      [3, 3.5, 4, 3, 3.5, 4].map(value => value.toFixed(4)),
    );
    expect(() => new AveragePooling({ name: 'even', size: 2 })).toThrow(/odd window, got 2/);
  });

  it('clips to 0 and 6, and passes a gradient only between', () => {
    const layer = new ReLU6({ name: `relu6-${backend}` });
    const x = tf.tensor1d([-1, 0, 1, 5.5, 6, 7]);
    expect([...(layer.apply(x) as Tensor).dataSync()]).toEqual([0, 0, 1, 5.5, 6, 6]);
    const slopes = tf.grad(values => layer.apply(values) as Tensor)(x, tf.fill([6], 3));
    expect([...slopes.dataSync()]).toEqual([0, 0, 3, 3, 0, 0]);
  });
});
