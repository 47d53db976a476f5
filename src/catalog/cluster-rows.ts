import { z } from 'zod';
import { parseRow } from './parse-row.js';

const flagSchema = z.union([z.literal(0), z.literal(1)]).transform(flag => flag === 1);

/** A facility cost for each item, as measured when there were so many. */
export interface MeasuredCost {
  readonly share: number;
  readonly items: number;
}

const toMeasured = (share: number | null, items: number | null): MeasuredCost | null =>
  share === null || items === null ? null : { share, items };

const clusteringSchema = z
  .strictObject({
    id: z.int(),
    collection_id: z.int(),
    asked_cost: z.number().positive().nullable(),
    facility_cost: z.number().positive(),
    measured_share: z.number().positive().nullable(),
    measured_items: z.int().positive().nullable(),
    seed: z.int(),
    consolidate_after: z.int().positive().nullable(),
    changes: z.int().nonnegative(),
    edits: z.int().nonnegative(),
    created_at: z.string(),
    consolidated_at: z.string().nullable(),
  })
  .transform(row => ({
    id: row.id,
    collectionId: row.collection_id,
    /** Null where it is measured. */
    askedCost: row.asked_cost,
    /** That holds now. */
    facilityCost: row.facility_cost,
    /** What it was for each item when it was last measured; null while it was not. */
    measured: toMeasured(row.measured_share, row.measured_items),
    seed: row.seed,
    /** Changes; null where the number of items says. */
    consolidateAfter: row.consolidate_after,
    /** Since a consolidation was last asked for or began. */
    changes: row.changes,
    /** Things done by hand so far. */
    edits: row.edits,
    createdAt: row.created_at,
    consolidatedAt: row.consolidated_at,
  }));

const clusterSchema = z
  .strictObject({
    id: z.int(),
    clustering_id: z.int(),
    name: z.string().nullable(),
    merged_into: z.int().nullable(),
    created_at: z.string(),
  })
  .transform(row => ({
    id: row.id,
    clusteringId: row.clustering_id,
    name: row.name,
    mergedInto: row.merged_into,
    createdAt: row.created_at,
  }));

const facilitySchema = z
  .strictObject({ id: z.int(), cluster_id: z.int(), item_id: z.int(), pinned: flagSchema })
  .transform(row => ({ id: row.id, clusterId: row.cluster_id, itemId: row.item_id, isPinned: row.pinned }));

const memberSchema = z
  .strictObject({ id: z.int(), item_id: z.int(), facility_id: z.int(), held: flagSchema })
  .transform(row => ({ itemId: row.item_id, facilityId: row.facility_id, isHeld: row.held }));

/** What can become of a cluster. */
export const clusterEventKinds = [
  'opened',
  'joined',
  'left',
  'merged',
  'merged-away',
  'split',
  'split-off',
  'emptied',
  'medoid',
  'pinned',
  'unpinned',
  'renamed',
] as const;
export type ClusterEventKind = (typeof clusterEventKinds)[number];

const eventSchema = z
  .strictObject({
    id: z.int(),
    cluster_id: z.int(),
    kind: z.enum(clusterEventKinds),
    by_hand: flagSchema,
    other_cluster_id: z.int().nullable(),
    item_id: z.int().nullable(),
    items: z.int().positive().nullable(),
    name: z.string().nullable(),
    at: z.string(),
  })
  .transform(row => ({
    id: row.id,
    clusterId: row.cluster_id,
    kind: row.kind,
    isByHand: row.by_hand,
    otherClusterId: row.other_cluster_id,
    itemId: row.item_id,
    items: row.items,
    name: row.name,
    at: row.at,
  }));

export type ClusteringRow = z.output<typeof clusteringSchema>;
export type ClusterRow = z.output<typeof clusterSchema>;
export type FacilityRow = z.output<typeof facilitySchema>;
export type MemberRow = z.output<typeof memberSchema>;
export type ClusterEventRow = z.output<typeof eventSchema>;

const parserOf =
  <Schema extends z.ZodType>(schema: Schema) =>
  (row: unknown): z.output<Schema> =>
    parseRow(schema, row, 'the catalog');

export const parseClustering = parserOf(clusteringSchema);
export const parseCluster = parserOf(clusterSchema);
export const parseFacility = parserOf(facilitySchema);
export const parseMember = parserOf(memberSchema);
export const parseClusterEvent = parserOf(eventSchema);
