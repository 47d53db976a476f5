import { z } from 'zod';
import { itemFilterSchema } from '../../catalog/item-filter.js';
import { countChoices } from '../../cluster/choose-count.js';
import { mostCompared } from '../../cluster/facility-location.js';

export const mostClustersAtAll = 10_000;
/** Named one by one. */
const mostItemIds = 10_000;

export const clusteringMethods = ['facility-location', 'k-means'] as const;

/** What each option means; where options come as text, too. */
export const clusteringOptionMeanings = {
  clusters:
    'how many, as many as items where there are fewer; or who chooses: silhouette where clusters lie best apart, elbow ' +
    'where more bring little; elbow unless given, or as many as are worth the facility cost where that is given',
  mostClusters:
    'the most that may be chosen; half of the items, and no more than 1000, unless given; with a facility cost ' +
    `${mostClustersAtAll}`,
  method:
    `facility-location finds the medoids that are nearest to all; with more than ${mostCompared} items it looks at ` +
    'near ones in the graph, not at every pair; k-means moves centres to the means of their items',
  facilityCost:
    'opens a cluster only if it brings all items together nearer to their medoids by more than this distance; ' +
    'then a number of clusters is the most there may be; for facility-location',
  seed: 'of k-means; nothing is drawn by facility-location',
} as const;

export const clusterCountMessage = `expected a number from 1 to ${mostClustersAtAll}, elbow or silhouette`;

/** Who chooses how many. */
export const countChoiceSchema = z.enum(countChoices);

/** How a set is clustered, whatever it is made of. */
const optionsSchema = z.strictObject({
  clusters: z
    .union([z.int().min(1).max(mostClustersAtAll), countChoiceSchema], { error: clusterCountMessage })
    .optional()
    .describe(clusteringOptionMeanings.clusters),
  mostClusters: z
    .int()
    .min(2)
    .max(mostClustersAtAll)
    .optional()
    .describe(clusteringOptionMeanings.mostClusters),
  method: z.enum(clusteringMethods).default('facility-location').describe(clusteringOptionMeanings.method),
  facilityCost: z.number().min(0).optional().describe(clusteringOptionMeanings.facilityCost),
  seed: z.int().default(0).describe(clusteringOptionMeanings.seed),
});
export type ClusteringOptions = z.output<typeof optionsSchema>;

const selectionShape = {
  filter: itemFilterSchema.optional().describe('only items that it holds for'),
  itemIds: z
    .array(z.int().min(1))
    .min(1)
    .max(mostItemIds)
    .optional()
    .describe('only these items; not together with `filter`'),
};

type Refuse = (field: keyof ClusterInput, message: string) => void;

function checkOptions(
  { clusters, mostClusters, method, facilityCost }: ClusteringOptions,
  refuse: Refuse,
): void {
  if (method === 'k-means' && facilityCost !== undefined) {
    refuse('facilityCost', 'expected it with the method facility-location only');
  } else if (method === 'k-means' && typeof clusters !== 'number') {
    refuse('clusters', 'expected a number with the method k-means');
  } else if (facilityCost !== undefined && typeof clusters === 'string') {
    refuse('clusters', 'expected a number, or nothing, with facilityCost, which chooses how many itself');
  } else if (mostClusters !== undefined && typeof clusters === 'number') {
    refuse('mostClusters', 'expected it only where clusters is not a number');
  }
}

/** Refuses options that do not fit each other, whichever they are given as. */
export const requireFitting = (
  options: ClusteringOptions & { readonly filter?: unknown; readonly itemIds?: unknown },
  context: z.RefinementCtx,
): void => {
  const refuse: Refuse = (field, message) => context.addIssue({ code: 'custom', path: [field], message });
  checkOptions(options, refuse);
  if (options.filter !== undefined && options.itemIds !== undefined) {
    refuse('itemIds', 'expected filter or itemIds, got both');
  }
};

/** Of items of a collection. */
export const clusterInputSchema = optionsSchema.extend(selectionShape).superRefine(requireFitting);
export type ClusterInput = z.output<typeof clusterInputSchema>;
export type ItemSelection = Pick<ClusterInput, 'filter' | 'itemIds'>;
