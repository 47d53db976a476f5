import { z } from 'zod';
import { changeSchema } from '../../gallery/evaluations/describe-change.js';
import { evaluateInputSchema, measuredInputSchema } from '../../gallery/evaluations/evaluation-input.js';
import { evaluationResultSchema } from '../../gallery/evaluations/evaluation-result.js';

export const newEvaluationSchema = evaluateInputSchema.meta({ id: 'NewEvaluation' });

const summarySchema = evaluationResultSchema.omit({ worst: true }).extend({
  id: z.int().min(1).describe('given by the server, never used twice'),
  modelId: z.string().describe('the model that was measured'),
  input: measuredInputSchema.describe('what was asked for'),
  itemsSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('of the items, their labels and their images: the same for two that were measured on the same'),
  createdAt: z.iso.datetime(),
});

export const evaluationSchema = summarySchema
  .extend({
    worst: evaluationResultSchema.shape.worst,
    change: changeSchema
      .extend({ since: changeSchema.shape.since.extend({ createdAt: z.iso.datetime() }) })
      .nullable()
      .describe('each metric less what it was; null where there is nothing to compare with'),
  })
  .meta({ id: 'Evaluation', description: 'What a model was worth on the labelled items of a collection.' });

export const evaluationPageSchema = z
  .strictObject({
    evaluations: z.array(summarySchema.meta({ id: 'EvaluationSummary' })),
    next: z.int().nullable().describe('`before` of the next page; null when this is the last one'),
  })
  .meta({ id: 'EvaluationPage', description: 'Some evaluations, newest first.' });
