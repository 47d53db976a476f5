import { z } from 'zod';
import {
  clusterCountMessage,
  clusterInputSchema,
  clusteringMethods,
  clusteringOptionMeanings,
  countChoiceSchema,
  mostClustersAtAll,
  requireFitting,
} from '../../gallery/clustering/clustering-input.js';
import { greatestDistance } from '../../gallery/search-question.js';
import { decimal, shownAs, wholeNumber } from './parameters.js';

/** More are clustered by a job. */
export const mostClusteredAtOnce = 2000;
export const mostClusteredPictures = 64;

export const clusterRequestSchema = clusterInputSchema.meta({ id: 'ClusterRequest' });

/** How pictures that are uploaded are clustered, as parameters after `?`. */
export const clusterPicturesParameters = z
  .strictObject({
    clusters: z
      .union([wholeNumber({ min: 1, max: mostClustersAtAll }), countChoiceSchema], {
        error: clusterCountMessage,
      })
      .optional()
      .describe(clusteringOptionMeanings.clusters)
      .meta(
        shownAs({
          anyOf: [
            { type: 'integer', minimum: 1, maximum: mostClustersAtAll },
            { enum: countChoiceSchema.options },
          ],
        }),
      ),
    mostClusters: wholeNumber({ min: 2, max: mostClustersAtAll })
      .optional()
      .describe(clusteringOptionMeanings.mostClusters),
    method: z.enum(clusteringMethods).default('facility-location').describe(clusteringOptionMeanings.method),
    facilityCost: decimal({ min: 0, max: 1e9 }).optional().describe(clusteringOptionMeanings.facilityCost),
    seed: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })
      .default(0)
      .describe(clusteringOptionMeanings.seed),
  })
  .superRefine(requireFitting);

/** Of float32 unit vectors, which are a little longer or shorter than that. */
const distanceSchema = z
  .number()
  .min(0)
  .max(greatestDistance + 0.001)
  .describe('Euclidean, of unit vectors, to the medoid');
const silhouetteMeaning =
  'mean of (b − a) / max(a, b), a the distance to the own medoid and b that to the nearest other one: 1 is its medoid, ' +
  '0 is as near to another';
const share = z.number().min(0).max(1).nullable();

/** @param member of a cluster @param medoid which of the members stands for it */
const clusteringOf = <Member extends z.ZodType>(member: Member, medoid: z.ZodNumber) =>
  z.strictObject({
    clusters: z
      .array(
        z.strictObject({
          medoid,
          size: z.int().min(1),
          meanDistance: distanceSchema.describe('of all members to the medoid, which is one of them'),
          silhouette: z
            .number()
            .min(-1)
            .max(1)
            .nullable()
            .describe(`${silhouetteMeaning}; null where there is one cluster`),
          label: z.string().nullable().describe('the commonest of the members; null where none has one'),
          purity: share.describe('share of the labelled members that have it; null where none is labelled'),
          members: z.array(member).describe('nearest first, beginning with the medoid'),
        }),
      )
      .describe('largest first'),
    energy: z.number().min(0).describe('sum of all distances to the medoids'),
    silhouette: z
      .number()
      .min(-1)
      .max(1)
      .nullable()
      .describe('mean of all members; null where there is one cluster or none'),
    purity: share.describe(
      'share of the labelled that have the label of their cluster; null where none is labelled',
    ),
    items: z.int().min(0).describe('how many were clustered'),
    method: z.enum(clusteringMethods),
    modelId: z.string().describe('the model that made the vectors'),
  });

const id = z.int().min(1).describe('id of an item');
export const clusteringSchema = clusteringOf(
  z.strictObject({ id, distance: distanceSchema }),
  z.int().min(1).describe('id of the item that stands for the cluster'),
).meta({ id: 'Clustering', description: 'Items in clusters.' });

const position = z.int().min(0).describe('position among the files of the form, from 0');
export const pictureClusteringSchema = clusteringOf(
  z.strictObject({ image: position, distance: distanceSchema }),
  z.int().min(0).describe('position of the file that stands for the cluster'),
).meta({ id: 'PictureClustering', description: 'Pictures that are not stored in clusters.' });
