import { z } from 'zod';
import type { ClusteringRow } from '../../catalog/cluster-rows.js';

/** Until it is measured for the first time: the least distance at which an upload opens a cluster for sure. */
export const costUntilMeasured = 0.5;
/** Changes after which clusters are consolidated, or a tenth of the items where that is more. */
export const fewestChanges = 100;

/** No vectors are farther apart: beyond twice the items, it says nothing new. */
const greatestCost = 1e9;

export const clusteringSettingsSchema = z.strictObject({
  facilityCost: z
    .union([z.literal('auto'), z.number().positive().max(greatestCost)])
    .default('auto')
    .describe(
      'what a cluster costs, in distance: it pays if it brings all its items together nearer to a medoid by more. `auto`: as ' +
        `many clusters as the elbow of their energies says, measured at a consolidation; before the first, it is ${costUntilMeasured}`,
    ),
  seed: z.int().min(0).default(0).describe('of what is drawn: the same uploads in the same order join alike'),
  consolidateAfter: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(null)
    .describe(
      'changes after which a job consolidates the clusters; null: a tenth of the items, ' +
        `${fewestChanges} at least`,
    ),
});

export type ClusteringSettingsInput = z.input<typeof clusteringSettingsSchema>;

/** What is known of the clusters of a collection. */
export interface ClusteringSummary {
  readonly facilityCost: number | 'auto';
  /** That holds now. */
  readonly currentCost: number;
  readonly seed: number;
  readonly consolidateAfter: number | null;
  readonly clusters: number;
  readonly items: number;
  /** Items that a job is still to place. */
  readonly unplaced: number;
  readonly changes: number;
  readonly consolidatedAt: string | null;
  readonly createdAt: string;
}

/** Whether enough has changed since a consolidation was last asked for. */
export const isConsolidationDue = (
  { changes, consolidateAfter }: ClusteringRow,
  countItems: () => number,
): boolean => {
  if (consolidateAfter !== null) return changes >= consolidateAfter;
  return changes >= fewestChanges && changes >= countItems() / 10;
};
