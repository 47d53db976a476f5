import { z } from 'zod';
import type { ClusteringRow } from '../../catalog/cluster-rows.js';
import { MedoidError } from '../../errors.js';
import { consolidateClusters } from '../online-clusters/consolidate-clusters.js';
import { placeRest } from '../online-clusters/place-rest.js';
import { defineJob, type JobContext } from './job.js';

export const consolidateClustersInputSchema = z.strictObject({});

const beforeAndAfter = z.strictObject({ before: z.number(), after: z.number() });

const resultSchema = z.strictObject({
  /** Items that had been in no cluster yet. */
  placed: z.int(),
  items: z.int(),
  clusters: z.int(),
  moved: z.int(),
  merged: z.int(),
  split: z.int(),
  medoids: z.int(),
  facilityCost: z.number(),
  energy: beforeAndAfter,
  cost: beforeAndAfter,
});

/** With a result once it is written. */
const checkpointSchema = z.strictObject({ placed: z.int(), result: resultSchema.nullable() });

const ofNothing = (facilityCost: number, placed: number): z.output<typeof resultSchema> => {
  const none = { before: 0, after: 0 };
  const counts = { items: 0, clusters: 0, moved: 0, merged: 0, split: 0, medoids: 0 };
  return { placed, ...counts, facilityCost, energy: none, cost: none };
};

function requireClustering({ opened, catalog }: JobContext): ClusteringRow {
  const clustering = catalog.clusterings.find(opened.id);
  if (clustering !== undefined) return clustering;
  throw new MedoidError(
    'conflict',
    'the items of the collection join no clusters: switch them on first, PUT …/clustering',
  );
}

/** Has items join clusters that are in none, and brings the clusters near to what would be found offline. */
export const consolidateClustersJob = defineJob({
  input: consolidateClustersInputSchema,
  checkpoint: checkpointSchema,
  async run(_, context) {
    const { opened, catalog, signal, saveCheckpoint, report } = context;
    const begun = checkpointSchema.parse(context.checkpoint ?? { placed: 0, result: null });
    if (begun.result !== null) return begun.result;
    const clustering = requireClustering(context);
    const total = opened.collection.size;
    report({ done: 0, total });
    const before = catalog.clusterings.members.countOfCollection(opened.id);
    let placed = begun.placed;
    placed += await placeRest(opened, { catalog, signal }, now => {
      report({ done: Math.min(total, before + now), total });
    });
    catalog.transaction(() => {
      saveCheckpoint({ placed, result: null });
      // It sees to all there have been by now.
      catalog.clusterings.forgetChanges(clustering.id);
    });
    const result = await consolidateClusters({
      opened,
      catalog,
      signal,
      alongside: written => saveCheckpoint({ placed, result: { placed, ...written } }),
    });
    report({ done: total, total });
    return result === undefined ? ofNothing(clustering.facilityCost, placed) : { placed, ...result };
  },
});
