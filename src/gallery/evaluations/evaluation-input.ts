import { z } from 'zod';
import { itemFilterSchema } from '../../catalog/item-filter.js';

export const mostKs = 16;
export const greatestK = 1000;
export const mostWorst = 1000;

export const evaluateInputSchema = z.strictObject({
  ks: z
    .array(z.int().min(1).max(greatestK))
    .min(1)
    .max(mostKs)
    .default([1, 2, 4, 8])
    .describe('values of K of Recall@K and Precision@K'),
  seed: z.int().default(0).describe('of the clustering'),
  clusters: z.int().min(1).max(10_000).optional().describe('as many as there are labels unless given'),
  filter: itemFilterSchema.optional().describe('only items that it holds for'),
  worst: z.int().min(0).max(mostWorst).default(10).describe('how many of the labels found worst are listed'),
});

/** What was asked for, but for the length of a list: two of the same are comparable. */
export const measuredInputSchema = z.strictObject({
  ks: z.array(z.int()).describe('ascending'),
  seed: z.int(),
  clusters: z.int().nullable().describe('null for as many as there are labels'),
  filter: itemFilterSchema.nullable(),
});
export type MeasuredInput = z.output<typeof measuredInputSchema>;

type EvaluateInput = z.output<typeof evaluateInputSchema>;

export const toMeasuredInput = ({ ks, seed, clusters, filter }: EvaluateInput): MeasuredInput => ({
  ks: [...new Set(ks)].sort((a, b) => a - b),
  seed,
  clusters: clusters ?? null,
  filter: filter ?? null,
});
