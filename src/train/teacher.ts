import type { Dataset } from '../datasets/dataset.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { principalComponents } from '../math/principal-components.js';
import type { VectorBlock } from '../math/vectors.js';
import type { FrozenBackbone, ReadFeaturesOptions } from './frozen-backbone.js';
import type { Loss, LossResult } from './losses/loss.js';
import type { TrainingSettings } from './settings.js';

/** A frozen network whose view of the training images the embedding is to share. */
export interface Teacher extends Pick<FrozenBackbone, 'read'> {
  readonly extractor: { readonly dimension: number };
}

/** @throws MedoidError `invalid-option` for a teacher of fewer features than an embedding is to have */
export function requireFeatures({ extractor }: Teacher, { dimension }: { readonly dimension: number }): void {
  if (extractor.dimension >= dimension) return;
  throw new MedoidError(
    'invalid-option',
    `expected a teacher of at least ${dimension} features, got ${extractor.dimension}; see --dimension`,
    { field: 'teacher' },
  );
}

/**
 * What the embedding of each training image is to be like: the principal components of the teacher's features, as many
 * as the embedding has dimensions, half whitened.
 * @returns unit vectors [examples, dimension], in the order of `training`
 * @throws MedoidError `invalid-dataset` for images that changed
 */
export async function readTargets(
  teacher: Teacher,
  {
    dataset,
    training,
    settings,
  }: {
    readonly dataset: Dataset;
    readonly training: ReadTrainingSet;
    readonly settings: Pick<TrainingSettings, 'dimension' | 'seed'>;
  },
  options: ReadFeaturesOptions,
): Promise<VectorBlock> {
  const { set, sha256 } = await teacher.read(dataset, options);
  if (sha256 !== training.sha256) {
    throw new MedoidError(
      'invalid-dataset',
      'expected the teacher to read the images that are trained on, got others: did they change meanwhile?',
    );
  }
  const count = set.labels.length;
  const data = await set.load(Array.from(set.labels.keys()));
  const features = { data, count, dimension: data.length / count };
  const seed = `${settings.seed}/teacher`;
  return principalComponents(features, { components: settings.dimension, whitening: 0.5, seed });
}

/**
 * A loss on unit embeddings with a teacher beside it: ℓ + weight · 1/m Σ (1 − cosine of f_i and t_i), t_i what the teacher
 * makes of image i. Half the mean squared distance of the two: the absolute teacher of Yu et al., "Learning Metrics from
 * Teachers: Compact Networks for Image Embedding", CVPR 2019, with the distance squared.
 * @throws MedoidError `invalid-option` for a loss on embeddings of any length
 */
export function withTeacher(loss: Loss, weight: number): Loss {
  if (!loss.normalised) {
    throw new MedoidError('invalid-option', '--teacher: expected a loss on embeddings of unit length', {
      field: 'teacher',
    });
  }
  return {
    ...loss,
    evaluate(batch, labels, context): LossResult {
      const result = loss.evaluate(batch, labels, context);
      const targets = context.targets as VectorBlock;
      const gradient = result.gradient.slice();
      let cosines = 0;
      for (let k = 0; k < gradient.length; k++) {
        cosines += batch.data[k] * targets.data[k];
        gradient[k] -= (weight * targets.data[k]) / batch.count;
      }
      const imitation = 1 - cosines / batch.count;
      return {
        ...result,
        value: result.value + weight * imitation,
        gradient,
        terms: { ...result.terms, imitation },
      };
    },
  };
}
