import type { Dataset } from '../datasets/dataset.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import type { FrozenBackbone, ReadFeaturesOptions } from './frozen-backbone.js';
import { readImageSet } from './image-set.js';
import { type ChosenSettings, trainingSideOf } from './settings.js';

interface Reading {
  /** What the network is a head for, if anything. */
  readonly backbone?: FrozenBackbone | undefined;
  readonly settings: ChosenSettings;
}

/**
 * Images or features of images, as the network is trained on them.
 * @param varied whether they are: others are read as they are embedded
 */
export function readTrainingSet(
  dataset: Dataset,
  { backbone, settings }: Reading,
  { varied, ...options }: ReadFeaturesOptions & { readonly varied: boolean },
): Promise<ReadTrainingSet> {
  if (backbone !== undefined) return backbone.read(dataset, options);
  const { preprocessing, augmentation } = settings;
  const side = varied ? trainingSideOf(settings) : preprocessing.resize;
  return readImageSet(dataset, { preprocessing, augmentation, side, ...options });
}
