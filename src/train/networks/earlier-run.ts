import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sha256 } from '../../embed/manifest.js';
import { MedoidError, messageOf } from '../../errors.js';
import { modelWeightsIn } from '../checkpoint.js';
import { bestWeightsOf, checkpointOf } from '../run-files.js';
import { loadTensors, type NamedTensor } from '../safetensors.js';
import { trainingSettingsSchema } from '../settings.js';
import { type LayersModel, tf } from '../tf.js';
import { namedNetwork } from './named-network.js';
import type { NetworkSource } from './network.js';

/** Whether a path is the folder of a training, `<out>.training`. */
export const isEarlierRun = (path: string): boolean => existsSync(checkpointOf(path));

function setWeights(model: LayersModel, tensors: readonly NamedTensor[]): void {
  const byName = new Map(tensors.map(tensor => [tensor.name, tensor]));
  tf.tidy(() => {
    for (const weight of model.weights) {
      const tensor = byName.get(weight.originalName);
      const fits = String(tensor?.shape) === String(weight.shape);
      if (fits) weight.write(tf.tensor((tensor as NamedTensor).data, weight.shape as number[]));
      // A head of another dimension starts anew.
      else if (!weight.originalName.startsWith('head'))
        throw new Error(
          `expected weight ${weight.originalName} [${weight.shape}], got [${tensor?.shape ?? 'nothing'}]`,
        );
    }
  });
}

/**
 * The network of an earlier training with the weights that it ended in, the best ones where it kept them; pictures may be
 * of another size and the embedding of another dimension, which begins a new head.
 * @param path folder of that training, `<out>.training`
 * @throws MedoidError `invalid-checkpoint`, and `invalid-option` where it was no network of the registry
 */
export async function openEarlierRun(path: string): Promise<NetworkSource> {
  const { tensors, metadata } = await loadTensors(checkpointOf(path));
  const hasBest = existsSync(bestWeightsOf(path));
  const file = hasBest ? bestWeightsOf(path) : checkpointOf(path);
  try {
    const settings = trainingSettingsSchema.parse(JSON.parse(metadata.settings));
    const { init: _, ...options } = settings.network.options;
    const { name } = settings.network;
    const source = namedNetwork({ name, options });
    const weights = hasBest ? (await loadTensors(file)).tensors : modelWeightsIn(tensors);
    return {
      settings: { name, options: { ...source.settings.options, init: sha256(await readFile(file)) } },
      async build(shape) {
        const model = await source.build(shape);
        setWeights(model, weights);
        return model;
      },
    };
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('invalid-checkpoint', `${path} cannot be started from: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
