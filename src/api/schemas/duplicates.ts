import { z } from 'zod';
import { verdicts } from '../../catalog/duplicate-rows.js';
import { mostDecidedItems } from '../../gallery/duplicates/collection-duplicates.js';
import { duplicateTiers } from '../../gallery/duplicates/duplicate-group.js';
import { dedupeInputSchema } from '../../gallery/jobs/dedupe.js';
import { itemSchema } from './item.js';

const idSchema = z.int().min(1);
const tierSchema = z.enum(duplicateTiers);
const nextSchema = z.int().nullable().describe('`after` of the next page; null when this is the last one');

export const duplicateSearchSchema = dedupeInputSchema.meta({ id: 'DuplicateSearch' });

const duplicateSchema = z.strictObject({
  item: itemSchema,
  tier: tierSchema.describe('how surely it shows the same'),
  distance: z.number().min(0).describe('of the embeddings, from the representative'),
  hashDistance: z
    .int()
    .min(0)
    .max(64)
    .nullable()
    .describe('bits in which the perceptual hashes differ; null where they were not compared'),
});

export const duplicatePageSchema = z
  .strictObject({
    search: z
      .strictObject({
        finishedAt: z.iso.datetime(),
        modelId: z.string(),
        maxDistance: z.number().min(0).describe('up to which items were near'),
        tiers: z.array(tierSchema).describe('what was looked for'),
      })
      .nullable()
      .describe('the newest one that has finished; null when none has yet'),
    groups: z.array(
      z.strictObject({
        representative: itemSchema.describe('of most pixels, then of most bytes, then the medoid'),
        items: z.array(duplicateSchema).describe('its duplicates, nearest first'),
      }),
    ),
    next: nextSchema,
  })
  .meta({
    id: 'DuplicatePage',
    description: 'Groups of items that show the same, less what was removed, replaced or decided since.',
  });

const verdictSchema = z
  .enum(verdicts)
  .describe('`keep`: they show the same and shall all stay; `not-duplicates`: they do not');

export const newDecisionSchema = z
  .strictObject({
    verdict: verdictSchema,
    itemIds: z
      .array(idSchema)
      .min(2)
      .max(mostDecidedItems)
      .describe('every two of them are never told of again, as long as they have the pictures they have now'),
  })
  .meta({ id: 'NewDuplicateDecision' });

export const decisionSchema = z
  .strictObject({
    id: idSchema,
    verdict: verdictSchema,
    itemIds: z.array(idSchema).describe('ascending, those that are still there'),
    replacedItemIds: z
      .array(idSchema)
      .describe('those of them that have got another picture since: of them it does not hold any more'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'DuplicateDecision' });

export const decisionPageSchema = z
  .strictObject({ decisions: z.array(decisionSchema), next: nextSchema })
  .meta({ id: 'DuplicateDecisionPage' });
