import { z } from 'zod';
import { duplicateTiers } from '../duplicates/duplicate-group.js';
import { saveSearch } from '../duplicates/save-search.js';
import { defineJob } from './job.js';

export const dedupeInputSchema = z.strictObject({
  maxDistance: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe(
      'from the item that stands for its group, for what is near; that of one in 10,000 random pairs of the collection ' +
        'unless given',
    ),
  tiers: z
    .array(z.enum(duplicateTiers))
    .min(1)
    .default([...duplicateTiers])
    .describe('what is looked for: the same bytes, the same picture encoded or resized anew, what is near'),
});

/** Groups items that show the same, and keeps the groups to be read in pages. */
export const dedupe = defineJob({
  input: dedupeInputSchema,
  async run(input, { opened, catalog, signal, report }) {
    const { modelId } = opened.collection;
    const found = await opened.collection.findDuplicates({ ...input, signal, onProgress: report });
    const { tiers } = input;
    await saveSearch(catalog, { collectionId: opened.id, modelId, tiers, found }, signal);
    const { imageOf: _, ...result } = found;
    return result;
  },
});
