import { z } from 'zod';
import { clusterInputSchema } from '../../gallery/jobs/cluster.js';
import { consolidateClustersInputSchema } from '../../gallery/jobs/consolidate-clusters.js';
import { dedupeInputSchema } from '../../gallery/jobs/dedupe.js';
import { evaluateInputSchema } from '../../gallery/jobs/evaluate.js';

/** Work that can be asked for by itself; other jobs come of adding pictures and of changing the model. */
export const newJobSchema = z
  .discriminatedUnion(
    'kind',
    [
      clusterInputSchema.extend({ kind: z.literal('cluster').describe('groups the items around medoids') }),
      consolidateClustersInputSchema.extend({
        kind: z.literal('consolidate-clusters').describe('merges, splits and re-medoids what uploads joined'),
      }),
      dedupeInputSchema.extend({ kind: z.literal('dedupe').describe('finds items that show the same') }),
      evaluateInputSchema.extend({
        kind: z.literal('evaluate').describe('measures the model on the labels'),
      }),
    ],
    {
      error: ({ code }) =>
        code === 'invalid_union' ? 'expected cluster, consolidate-clusters, dedupe or evaluate' : undefined,
    },
  )
  .meta({ id: 'NewJob' });
