import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sha256 } from '../../embed/manifest.js';
import { MedoidError, messageOf } from '../../errors.js';
import { loadBestWeights } from '../best-weights.js';
import { readCheckpoint } from '../checkpoint.js';
import { bestWeightsOf, checkpointOf } from '../run-files.js';
import { setWeights } from '../set-weights.js';
import type { TrainingSettings } from '../settings.js';
import { featureHeadName } from './feature-head.js';
import { namedNetwork } from './named-network.js';
import { isOfHead, type NetworkSource } from './network.js';

/** Whether a path is the folder of a training, `<out>.training`. */
export const isEarlierRun = (path: string): boolean => existsSync(checkpointOf(path));

/** An earlier training, to be gone on from with other settings. */
export interface EarlierRun {
  readonly network: NetworkSource;
  readonly settings: TrainingSettings;
}

/**
 * The network of an earlier training with the weights that it ended in, the best ones where it kept them; pictures may be
 * of another size and the embedding of another dimension, which begins a new head.
 * @param path folder of that training, `<out>.training`
 * @throws MedoidError `invalid-checkpoint`, and `invalid-option` where it was no network of the registry
 */
export async function openEarlierRun(path: string): Promise<EarlierRun> {
  try {
    const { settings, progress, weights: last } = await readCheckpoint(checkpointOf(path));
    const best = await loadBestWeights({ path: bestWeightsOf(path), settings, progress });
    const file = best === undefined ? checkpointOf(path) : bestWeightsOf(path);
    const { init: _, ...options } = settings.network.options;
    const { name } = settings.network;
    if (name === featureHeadName) {
      throw new MedoidError(
        'invalid-option',
        `--init ${path}: expected the training of a whole network, got that of a head; see --backbone`,
        { field: 'init' },
      );
    }
    const source = namedNetwork({ name, options });
    return {
      settings,
      network: {
        settings: { name, options: { ...source.settings.options, init: sha256(await readFile(file)) } },
        async build(shape) {
          const model = await source.build(shape);
          // A head of another dimension starts anew.
          setWeights(model, best ?? last, isOfHead);
          return model;
        },
      },
    };
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('invalid-checkpoint', `${path} cannot be started from: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
