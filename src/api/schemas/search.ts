import { z } from 'zod';
import { itemFilterSchema } from '../../catalog/item-filter.js';
import {
  greatestDistance,
  mostResults,
  searchOptionMeanings,
  searchOptionsSchema,
} from '../../gallery/search-question.js';
import { imageInJsonSchema, itemSchema, keySchema } from './item.js';
import { decimal, jsonText, wholeNumber, yesOrNo } from './parameters.js';

export const mostQueryImages = 16;
export const mostSearchesAtOnce = 32;
const mostDimensions = 4096;

const fraction = z.number().min(0).max(1);

export const cropBoxSchema = z
  .strictObject({ left: fraction, top: fraction, width: fraction, height: fraction })
  .meta({
    id: 'CropBox',
    description: 'A part of a picture, in fractions of its width and height as seen upright.',
  });

export const querySchema = z
  .union([
    z.strictObject({ image: imageInJsonSchema, box: cropBoxSchema.optional() }),
    z.strictObject({
      itemId: z.int().min(1).describe('the picture of this item'),
      box: cropBoxSchema.optional(),
    }),
    z.strictObject({
      itemKey: keySchema.describe('the picture of the item of this key'),
      box: cropBoxSchema.optional(),
    }),
    z.strictObject({
      vector: z
        .array(z.number())
        .min(1)
        .max(mostDimensions)
        .describe("as many numbers as the collection's dimension, not all 0; scaled to length 1"),
    }),
  ])
  .meta({ id: 'Query', description: 'What is looked for.' });

/** The same as parameters after `?`, for pictures that are uploaded. */
export const searchParameters = z.strictObject({
  k: wholeNumber({ min: 1, max: mostResults }).default(10).describe(searchOptionMeanings.k),
  maxDistance: decimal({ min: 0, max: greatestDistance })
    .optional()
    .describe(searchOptionMeanings.maxDistance),
  filter: jsonText(itemFilterSchema).optional().describe(searchOptionMeanings.filter),
  exact: yesOrNo.default(false).describe(searchOptionMeanings.exact),
  onePerLabel: yesOrNo.default(false).describe(searchOptionMeanings.onePerLabel),
  diversity: decimal({ min: 0, max: 1 }).default(0).describe(searchOptionMeanings.diversity),
  box: jsonText(cropBoxSchema).optional().describe('the part of the picture that is looked for'),
});

export const searchRequestSchema = z
  .union([
    searchOptionsSchema.extend({ query: querySchema }),
    searchOptionsSchema.extend({
      queries: z
        .array(querySchema)
        .min(1)
        .max(mostQueryImages)
        .describe('several pictures of one thing: what is near the mean of their embeddings'),
    }),
    z.strictObject({
      cursor: z.string().min(1).max(65_536).describe('`next` of an answer: its next page, asked alike'),
    }),
  ])
  .meta({ id: 'SearchRequest' });
export type SearchRequest = z.output<typeof searchRequestSchema>;

const resultSchema = z
  .strictObject({
    item: itemSchema,
    distance: z.number().min(0).max(2.001).describe('Euclidean, of unit vectors: 0 the same, 2 opposite'),
    similarity: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .describe(
        'share of random pairs of the collection that are less alike than these two: at 0.99, ninety-nine of a ' +
          'hundred are; null while the collection has fewer than 20 items',
      ),
  })
  .meta({ id: 'SearchResult' });

export const timingsSchema = z
  .strictObject({
    fetch: z.number().min(0).describe('getting pictures by their addresses'),
    decode: z.number().min(0).describe('bytes to pixels, with the wait for a turn'),
    embed: z.number().min(0).describe('pixels to vectors, with the wait for a turn'),
    search: z.number().min(0).describe('vectors to results'),
  })
  .meta({ id: 'Timings', description: 'Milliseconds.' });

export const searchAnswerSchema = z
  .strictObject({
    results: z.array(resultSchema).describe('nearest first, unless `diversity` says otherwise'),
    next: z.string().nullable().describe('`cursor` of the next page; null where there is none'),
    modelId: z.string().describe('the model that made the vectors'),
    timingsMs: timingsSchema,
  })
  .meta({ id: 'SearchAnswer' });

export const batchRequestSchema = z
  .strictObject({ searches: z.array(searchRequestSchema).min(1).max(mostSearchesAtOnce) })
  .meta({ id: 'BatchRequest' });

export const batchAnswerSchema = z
  .strictObject({
    answers: z
      .array(
        z.union([
          searchAnswerSchema,
          z.strictObject({
            code: z.string().describe('as of a problem'),
            message: z.string(),
            field: z.string().optional(),
          }),
        ]),
      )
      .describe('of each search, in order; one that failed says so and leaves the others alone'),
  })
  .meta({ id: 'BatchAnswer' });
