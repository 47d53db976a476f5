import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sha256 } from '../../embed/manifest.js';
import { MedoidError, messageOf } from '../../errors.js';
import { modelWeightsIn } from '../checkpoint.js';
import { bestWeightsOf, checkpointOf } from '../run-files.js';
import { loadTensors } from '../safetensors.js';
import { setWeights } from '../set-weights.js';
import { trainingSettingsSchema } from '../settings.js';
import { namedNetwork } from './named-network.js';
import type { NetworkSource } from './network.js';

/** Whether a path is the folder of a training, `<out>.training`. */
export const isEarlierRun = (path: string): boolean => existsSync(checkpointOf(path));

/** A head of another dimension starts anew. */
const isOfHead = (name: string): boolean => name.startsWith('head');

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
        setWeights(model, weights, isOfHead);
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
