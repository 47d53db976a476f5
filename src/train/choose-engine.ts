import { MedoidError } from '../errors.js';
import { type EngineName, loadEngine } from './engine.js';
import { GraphGradients } from './gradient-graph/graph-gradients.js';
import type { NetworkSource } from './networks/network.js';
import type { ChosenSettings, TrainingSettings } from './settings.js';
import type { LayersModel } from './tf.js';

/** The network of some settings, with its first weights. @throws MedoidError when it cannot be of this shape */
export function buildNetwork(
  source: NetworkSource,
  { preprocessing, dimension, hiddenUnits, seed }: ChosenSettings,
): Promise<LayersModel> {
  return source.build({ inputSize: preprocessing.crop, dimension, hiddenUnits, seed });
}

/** What keeps a network from being trained by `onnx`, if anything does. */
async function findObstacle(model: LayersModel): Promise<string | undefined> {
  try {
    await (await GraphGradients.open(model)).close();
    return undefined;
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'engine-unavailable') return error.message;
    throw error;
  } finally {
    model.dispose();
  }
}

/**
 * Makes an engine ready to train a network and answers its name. `auto` is the fastest present: an installed
 * `@tensorflow/tfjs-node-gpu` or `@tensorflow/tfjs-node`, else `onnx` where it knows all layers, else `wasm`.
 * @throws MedoidError `engine-unavailable` when the wanted one is not installed, does not start or not know the network
 */
export async function chooseEngine(
  wanted: EngineName,
  { network, settings }: { network: NetworkSource; settings: ChosenSettings },
): Promise<TrainingSettings['engine']> {
  const loaded = await loadEngine(wanted === 'onnx' ? 'wasm' : wanted);
  if (wanted !== 'onnx' && !(wanted === 'auto' && loaded === 'wasm')) return loaded;
  const obstacle = await findObstacle(await buildNetwork(network, settings));
  if (obstacle === undefined) return 'onnx';
  if (wanted === 'auto') return loaded;
  throw new MedoidError('engine-unavailable', `--engine onnx: ${obstacle}`);
}
