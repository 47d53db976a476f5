import { z } from 'zod';
import { clusterEventKinds } from '../../catalog/cluster-rows.js';
import { clusterStates } from '../../gallery/online-clusters/cluster-reader.js';
import { clusteringSettingsSchema } from '../../gallery/online-clusters/clustering-settings.js';
import { itemSchema, wholeText } from './item.js';

const idSchema = z.int().min(1);
const longestName = 200;
const mostItemsByHand = 1000;

export const newClusteringSchema = clusteringSettingsSchema.meta({
  id: 'NewClustering',
  description: 'How items are to join clusters.',
});

export const onlineClusteringSchema = z
  .strictObject({
    facilityCost: z.union([z.literal('auto'), z.number()]).describe('as it was asked for'),
    currentCost: z.number().describe('that holds now'),
    seed: z.int().min(0),
    consolidateAfter: z.int().min(1).nullable(),
    clusters: z.int().min(0).describe('those that have items'),
    items: z.int().min(0).describe('in clusters'),
    unplaced: z.int().min(0).describe('that a job is still to place'),
    changes: z
      .int()
      .min(0)
      .describe('items that came, went or changed since a consolidation was asked for or began'),
    consolidatedAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'OnlineClustering', description: 'How the items of a collection join clusters.' });

export const clusterSchema = z
  .strictObject({
    id: idSchema.describe('given by the server, never used twice'),
    state: z
      .enum(clusterStates)
      .describe('`merged`: its items went into `mergedInto`; `emptied`: its last item has gone'),
    name: z.string().nullable(),
    medoid: idSchema.nullable().describe('id of the item that stands for it; null unless it is open'),
    pinned: z.boolean().describe('whether the medoid was chosen by hand'),
    size: z.int().min(0),
    meanDistance: z.number().min(0).nullable().describe('of its items to the medoid; null without items'),
    label: z.string().nullable().describe('the most frequent label of its items'),
    purity: z.number().min(0).max(1).nullable().describe('share of the labelled items that have that label'),
    mergedInto: idSchema
      .nullable()
      .describe('the open cluster where its items went, however often it was merged'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Cluster', description: 'Items that are near to one that stands for them.' });

const nextSchema = z.int().nullable().describe('`after` of the next page; null when this is the last one');

export const clusterPageSchema = z
  .strictObject({ clusters: z.array(clusterSchema), next: nextSchema })
  .meta({ id: 'ClusterPage' });

export const clusterMembersSchema = z
  .strictObject({
    cluster: clusterSchema,
    members: z.array(
      z.strictObject({
        item: itemSchema,
        distance: z.number().min(0).describe('to the medoid'),
        held: z.boolean().describe('whether it was put there by hand, and stays'),
      }),
    ),
    next: nextSchema,
  })
  .meta({ id: 'ClusterMembers', description: 'A cluster and some of its items, the nearest first.' });

export const clusterHistorySchema = z
  .strictObject({
    events: z.array(
      z.strictObject({
        id: idSchema,
        kind: z.enum(clusterEventKinds),
        byHand: z.boolean().describe('whether somebody asked for it'),
        otherClusterId: idSchema.nullable().describe('the other side of a merge, a split or a move'),
        itemId: idSchema.nullable().describe('the medoid that it is about; the item may be gone'),
        items: z.int().min(1).nullable().describe('how many joined, left or were split off'),
        name: z.string().nullable().describe('the new name'),
        at: z.iso.datetime().describe('of items that joined or left one after another, when the last did'),
      }),
    ),
    next: nextSchema,
  })
  .meta({ id: 'ClusterHistory', description: 'What has become of a cluster, in order.' });

export const clusterChangeSchema = z
  .strictObject({
    name: wholeText(longestName).min(1).nullable().optional().describe('null takes the name away'),
    medoid: idSchema
      .nullable()
      .optional()
      .describe('an item of the cluster, which stands for it from now on; null: whichever does best'),
    held: z
      .literal(false)
      .optional()
      .describe('lets go of the items that were put there by hand: they may join others again'),
  })
  .refine(change => Object.keys(change).length > 0, 'expected name, medoid, held or several of them')
  .meta({ id: 'ClusterChange', minProperties: 1 });

const idsSchema = (most: number) => z.array(idSchema).min(1).max(most);

export const clusterMergeSchema = z
  .strictObject({ with: idsSchema(100).describe('clusters that go into this one') })
  .meta({ id: 'ClusterMerge' });

export const clusterSplitSchema = z
  .strictObject({
    itemIds: idsSchema(mostItemsByHand)
      .optional()
      .describe('some of its items; the machine chooses unless given'),
  })
  .meta({ id: 'ClusterSplit' });

export const clusterMoveSchema = z
  .strictObject({
    itemIds: idsSchema(mostItemsByHand).describe('of the collection, from whichever clusters'),
  })
  .meta({ id: 'ClusterMove' });
