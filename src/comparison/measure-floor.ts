import type { ReadTrainingSet } from '../datasets/training-set.js';
import { EmbeddingNetwork } from '../train/embedding-network.js';
import { rmsprop } from '../train/optimizers/rmsprop.js';
import type { TrainingChoice } from '../train/train-model.js';
import { embedSet, unitFeatures } from '../train/validate.js';
import { measure, type TrialContext } from './run-trial.js';
import type { Quality } from './trial-store.js';

/** Quality of what the head reads, before any training; nothing where the network starts from random weights. */
export async function measureFloor(
  { network, settings, backbone }: TrainingChoice,
  measured: ReadTrainingSet,
  context: TrialContext,
): Promise<Quality | undefined> {
  if (backbone !== undefined) {
    return measure(await unitFeatures(measured.set), measured, context);
  }
  if (network.buildTrunk === undefined) return undefined;
  const model = await network.buildTrunk(settings.preprocessing.crop);
  const trunk = new EmbeddingNetwork(model, rmsprop.create(rmsprop.options.parse({})));
  try {
    const dimension = trunk.model.outputs[0].shape.at(-1) as number;
    return await measure(await embedSet(trunk, measured.set, dimension), measured, context);
  } finally {
    await trunk.close();
  }
}
