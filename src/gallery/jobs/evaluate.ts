import { z } from 'zod';
import { evaluateInputSchema, toMeasuredInput } from '../evaluations/evaluation-input.js';
import { evaluationResultSchema } from '../evaluations/evaluation-result.js';
import { measureCollection } from '../evaluations/measure-collection.js';
import { defineJob } from './job.js';

const resultSchema = evaluationResultSchema.extend({ evaluationId: z.int(), modelId: z.string() });

/** Written together with the evaluation: one that is stored is not stored again. */
const checkpointSchema = z.strictObject({ result: resultSchema });

/** The paper's evaluation of the labelled items, which is stored. */
export const evaluate = defineJob({
  input: evaluateInputSchema,
  checkpoint: checkpointSchema,
  async run(asked, context): Promise<z.output<typeof resultSchema>> {
    const { opened, catalog, saveCheckpoint } = context;
    if (context.checkpoint !== null) return checkpointSchema.parse(context.checkpoint).result;
    const input = toMeasuredInput(asked);
    return opened.space.use(async space => {
      const { modelId } = space;
      const { itemsSha256, result } = await measureCollection({ space, input, worst: asked.worst }, context);
      return catalog.transaction(() => {
        const evaluation = { collectionId: opened.id, modelId, input, itemsSha256, result };
        const stored = { evaluationId: catalog.evaluations.add(evaluation), modelId, ...result };
        saveCheckpoint({ result: stored });
        return stored;
      });
    });
  },
});
