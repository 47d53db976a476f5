import { z } from 'zod';
import { clusterInputSchema } from '../../gallery/clustering/clustering-input.js';
import { evaluateInputSchema } from '../../gallery/evaluations/evaluation-input.js';
import { consolidateClustersInputSchema } from '../../gallery/jobs/consolidate-clusters.js';
import { dedupeInputSchema } from '../../gallery/jobs/dedupe.js';

/** Work that can be asked for by itself; other jobs come of adding pictures and of changing the model. */
export const newJobSchema = z
  .discriminatedUnion(
    'kind',
    [
      clusterInputSchema.safeExtend({
        kind: z.literal('cluster').describe('groups the items around medoids'),
      }),
      consolidateClustersInputSchema.extend({
        kind: z.literal('consolidate-clusters').describe('merges, splits and re-medoids what uploads joined'),
      }),
      dedupeInputSchema.extend({ kind: z.literal('dedupe').describe('finds items that show the same') }),
      evaluateInputSchema.extend({
        kind: z.literal('evaluate').describe('measures the model on the labels, and stores what comes out'),
      }),
    ],
    {
      error: ({ code }) =>
        code === 'invalid_union' ? 'expected cluster, consolidate-clusters, dedupe or evaluate' : undefined,
    },
  )
  .meta({ id: 'NewJob' });
