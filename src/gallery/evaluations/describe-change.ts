import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { EvaluationResult } from './evaluation-result.js';
import type { StoredEvaluation } from './evaluations.js';

const byK = z.record(z.string(), z.number()).describe('by each K that both have');
const retrieval = { recallAt: byK, precisionAt: byK, rPrecision: z.number(), mapAtR: z.number() };

/** How an evaluation differs from another one. */
export const changeSchema = z.strictObject({
  since: z.strictObject({
    id: z.int().min(1),
    modelId: z.string(),
    items: z.int().min(0),
    createdAt: z.string(),
  }),
  sameModel: z.boolean(),
  sameItems: z
    .boolean()
    .describe(
      'whether both were measured on the same items, labels and images: else they are not quite comparable',
    ),
  sameInput: z.boolean().describe('whether both were asked for alike'),
  ...retrieval,
  nmi: z.strictObject({ geometric: z.number(), arithmetic: z.number() }),
  ami: z.number(),
  ari: z.number(),
  f1: z.number(),
  index: z.strictObject({ ...retrieval, nearestFoundAt: byK }),
});
export type EvaluationChange = z.output<typeof changeSchema>;

type ByK = Readonly<Record<string, number>>;
type Retrieval = Pick<EvaluationResult, 'recallAt' | 'precisionAt' | 'rPrecision' | 'mapAtR'>;

const subtractByK = (now: ByK, before: ByK): Record<string, number> =>
  Object.fromEntries(Object.keys(now).flatMap(k => (k in before ? [[k, now[k] - before[k]]] : [])));

const subtractRetrieval = (now: Retrieval, before: Retrieval): Retrieval => ({
  recallAt: subtractByK(now.recallAt, before.recallAt),
  precisionAt: subtractByK(now.precisionAt, before.precisionAt),
  rPrecision: now.rPrecision - before.rPrecision,
  mapAtR: now.mapAtR - before.mapAtR,
});

/** Each metric less what it was. */
export function describeChange(evaluation: StoredEvaluation, since: StoredEvaluation): EvaluationChange {
  const [now, before] = [evaluation.result, since.result];
  return {
    since: { id: since.id, modelId: since.modelId, items: before.items, createdAt: since.createdAt },
    sameModel: evaluation.modelId === since.modelId,
    sameItems: evaluation.itemsSha256 === since.itemsSha256,
    sameInput: isDeepStrictEqual(evaluation.input, since.input),
    ...subtractRetrieval(now, before),
    nmi: {
      geometric: now.nmi.geometric - before.nmi.geometric,
      arithmetic: now.nmi.arithmetic - before.nmi.arithmetic,
    },
    ami: now.ami - before.ami,
    ari: now.ari - before.ari,
    f1: now.f1 - before.f1,
    index: {
      ...subtractRetrieval(now.index, before.index),
      nearestFoundAt: subtractByK(now.index.nearestFoundAt, before.index.nearestFoundAt),
    },
  };
}
