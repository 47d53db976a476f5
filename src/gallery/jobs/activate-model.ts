import { z } from 'zod';
import { embedMissing } from '../embed-missing.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { measureRecall, type RecallAt } from '../measure-recall.js';
import { defineJob, type JobContext } from './job.js';

export const activateModelInputSchema = z.strictObject({ modelId: z.string().min(1) });

/** So few items may be missing when the change-over begins, for which adds wait; or after so many rounds. */
const fewItems = 32;
const mostRounds = 20;

const recallSchema = z.record(z.string(), z.number()).nullable();

const resultSchema = z.strictObject({
  modelId: z.string(),
  /** The model that answered before. */
  previousModelId: z.string(),
  /** Items that had no vector of the model yet. */
  embedded: z.int(),
  /** Recall@K by K of the model before and of this one; null where too few items have labels. */
  recall: z.strictObject({ before: recallSchema, after: recallSchema }),
});

/** With a result once the model answers. */
const checkpointSchema = z.strictObject({ embedded: z.int(), result: resultSchema.nullable() });

type Result = z.output<typeof resultSchema>;

/** One activation under way: what it has embedded so far, in this run and earlier ones. */
class Activation {
  constructor(
    private readonly context: JobContext,
    private readonly space: EmbeddingSpace,
    private embedded: number,
  ) {}

  /** Until nearly nothing is missing: items are added meanwhile. */
  async embedNearlyAll(): Promise<void> {
    const { catalog } = this.context;
    for (let round = 0; round < mostRounds; round++) {
      if (round > 0 && catalog.sets.countUnembedded(this.space.setId) <= fewItems) return;
      await this.embedRest();
    }
  }

  /** While nothing else is written: embeds the last items, and has the model answer from the next search on. */
  async changeOver(): Promise<Result> {
    const { opened, catalog, signal, removeIndexFiles, saveCheckpoint, consolidateClusters } = this.context;
    const { set } = this.space;
    const sets = [opened.space.current.set, set];
    const [before, after] = await measureRecall({ catalog, sets }, signal);
    await this.embedNearlyAll();
    // The older sets are about to be removed: whoever still searches in one ends first.
    await opened.space.settle();
    const { result, removed } = await opened.writer.exclusively(async current => {
      await this.embedRest();
      const result = this.describe(current, { before, after });
      // From here to the end without a pause: there is no moment between the models.
      this.space.catchUp();
      const removed = catalog.transaction(() => {
        catalog.sets.saveRecall(current.setId, before);
        catalog.sets.saveRecall(set.id, after);
        saveCheckpoint({ embedded: this.embedded, result });
        catalog.clusterings.forgetMeasured(opened.id);
        return catalog.sets.activate(opened.id, set.id);
      });
      opened.space.replace(this.space);
      return { result, removed };
    });
    await removeIndexFiles(removed);
    // Its items are where the model before put them.
    consolidateClusters(opened.collection.name);
    return result;
  }

  private describe(
    current: EmbeddingSpace,
    recall: { before: RecallAt | null; after: RecallAt | null },
  ): Result {
    const { modelId } = this.space;
    return { modelId, previousModelId: current.modelId, embedded: this.embedded, recall };
  }

  private embedRest(): Promise<void> {
    const { catalog, images, signal, saveCheckpoint, report, opened } = this.context;
    const total = opened.collection.size;
    let done = catalog.sets.countVectors(this.space.setId);
    return embedMissing(this.space, {
      catalog,
      images,
      signal,
      alongside: count => {
        this.embedded += count;
        saveCheckpoint({ embedded: this.embedded, result: null });
        done += count;
        report({ done: Math.min(total, done), total });
      },
    });
  }
}

/**
 * Has a model answer for a collection: embeds all items with it while the model before goes on answering and items are
 * added, then changes over in one step. The vectors of the model before are kept, so that activating it again only
 * embeds what was added since; older ones are removed. Where the model answers already there is nothing to do.
 */
export const activateModel = defineJob({
  input: activateModelInputSchema,
  checkpoint: checkpointSchema,
  async run({ modelId }, context): Promise<Result> {
    const { opened, catalog, storeModel, openSpace } = context;
    const { embedded, result } = checkpointSchema.parse(context.checkpoint ?? { embedded: 0, result: null });
    if (result !== null) return result;
    const { current } = opened.space;
    if (current.modelId === modelId) {
      const recall = catalog.sets.find(current.setId)?.recall ?? null;
      return { modelId, previousModelId: modelId, embedded: 0, recall: { before: recall, after: recall } };
    }
    const set = catalog.sets.ensure(opened.id, await storeModel(modelId));
    const space = await openSpace(set);
    try {
      const activation = new Activation(context, space, embedded);
      await activation.embedNearlyAll();
      await opened.space.use(current => current.save(context.signal));
      await space.save(context.signal);
      return await activation.changeOver();
    } finally {
      if (opened.space.current !== space) await space.close();
    }
  },
});
