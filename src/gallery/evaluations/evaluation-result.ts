import { z } from 'zod';

const byK = z.record(z.string(), z.number());

const retrieval = {
  recallAt: byK.describe('by K: share of queries with at least one of their label among the K nearest'),
  precisionAt: byK.describe('by K: share of the K nearest that are of the label'),
  rPrecision: z.number(),
  mapAtR: z.number().describe('mean average precision at R, the number of others of the label'),
  queries: z.int().min(0).describe('that the means are over'),
  singletons: z.int().min(0).describe('items that are alone with their label: nobody can find theirs'),
};

export const worstClassSchema = z.strictObject({
  label: z.string(),
  queries: z.int().min(0),
  recallAt1: z.number(),
  rPrecision: z.number(),
  mapAtR: z.number(),
  mistakenFor: z
    .strictObject({ label: z.string(), queries: z.int().min(1) })
    .nullable()
    .describe('the label that their nearest most often has where it has another; null where it never has'),
});

/** What the labelled items say of a model and of the index: the names are those of `medoid evaluate --json`. */
export const evaluationResultSchema = z.strictObject({
  items: z.int().min(0).describe('that have a label, and pass the filter'),
  classes: z.int().min(0).describe('labels'),
  ...retrieval,
  nmi: z.strictObject({ geometric: z.number(), arithmetic: z.number() }),
  ami: z.number(),
  ari: z.number(),
  f1: z.number(),
  index: z
    .strictObject({
      name: z.string(),
      ...retrieval,
      nearestFoundAt: byK.describe('by K: share of the K nearest that searches find'),
    })
    .describe('the same of the neighbours that searches find that are not exact'),
  worst: z.array(worstClassSchema).describe('labels of the least MAP@R, worst first'),
});

export type EvaluationResult = z.output<typeof evaluationResultSchema>;
