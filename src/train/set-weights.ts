import type { NamedTensor } from './safetensors.js';
import { type LayersModel, tf } from './tf.js';

/**
 * Sets every weight of a model to the one of its name.
 * @param keeps whether a weight stays as it is where what is given does not fit it, or nothing is given; never, unless said
 * @throws Error naming the first weight that has none of its shape
 */
export function setWeights(
  model: LayersModel,
  tensors: readonly NamedTensor[],
  keeps: (name: string, given: NamedTensor | undefined) => boolean = () => false,
): void {
  const byName = new Map(tensors.map(tensor => [tensor.name, tensor]));
  tf.tidy(() => {
    for (const weight of model.weights) {
      const { originalName: name, shape } = weight;
      const given = byName.get(name);
      if (given !== undefined && String(given.shape) === String(shape)) {
        weight.write(tf.tensor(given.data, [...given.shape]));
      } else if (!keeps(name, given)) {
        throw new Error(`expected weight ${name} [${shape}], got [${given?.shape ?? 'nothing'}]`);
      }
    }
  });
}
