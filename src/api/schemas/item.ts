import { z } from 'zod';
import { maxKeyLength, mostMetadataBytes } from '../../gallery/item.js';
import { mostItemsOfJob } from '../../gallery/jobs/add-items.js';
import { readableFormats } from '../../images/decode.js';
import { jsonSchema } from './json.js';

const maxLabelLength = 1024;

/** Half a character would come back as another one. */
export const wholeText = (longest: number) =>
  z
    .string()
    .max(longest)
    .refine(text => !/\p{Surrogate}/u.test(text), 'expected text without half characters (lone surrogates)');

export const keySchema = wholeText(maxKeyLength)
  .min(1)
  .describe("the caller's own name, unique in the collection");
export const labelSchema = wholeText(maxLabelLength)
  .nullable()
  .describe('what it shows, or which product it is; null where there is none');
export const metadataSchema = z
  .record(z.string(), jsonSchema)
  .refine(
    metadata => Buffer.byteLength(JSON.stringify(metadata)) <= mostMetadataBytes,
    `expected at most ${mostMetadataBytes} bytes of JSON`,
  )
  .describe('whatever the caller keeps with it');

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

export const itemSchema = z
  .strictObject({
    id: z.int().min(1).describe('given by the server, never used twice'),
    key: z.string().describe("the caller's own name, unique in the collection"),
    label: z.string().nullable().describe('what it shows, or which product it is; null where there is none'),
    metadata: z.record(z.string(), jsonSchema).describe('whatever the caller keeps with it'),
    imageSha256: sha256Schema.describe('SHA-256 of the picture as it was given'),
    format: z.enum(readableFormats).describe('of the picture as it was given'),
    width: z.int().min(1).describe('pixels, as seen upright'),
    height: z.int().min(1),
    bytes: z.int().min(1).describe('size of the picture as it was given'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Item', description: 'A picture of a collection and what is known of it.' });

export const itemPageSchema = z
  .strictObject({
    items: z.array(itemSchema),
    next: z.int().nullable().describe('`after` of the next page; null when this is the last one'),
  })
  .meta({ id: 'ItemPage', description: 'Some items, by ascending id.' });

/** A picture in a JSON body. */
export const imageInJsonSchema = z
  .union([
    z.strictObject({ base64: z.base64().min(1).describe('the bytes of the picture') }),
    z.strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .max(4096)
        .describe('where it is fetched from, if the server may'),
    }),
  ])
  .meta({ id: 'ImageInJson', description: 'A picture, or the address of one.' });

export const newItemTextSchema = z.strictObject({
  key: keySchema.optional().describe('`sha256-<hash of the picture>` unless given'),
  label: labelSchema.default(null),
  metadata: metadataSchema.default({}),
});

export const mostItemsAtOnce = 64;

export const newItemsSchema = z
  .strictObject({
    items: z
      .array(newItemTextSchema.extend({ image: imageInJsonSchema }))
      .min(1)
      .max(mostItemsOfJob),
  })
  .meta({
    id: 'NewItems',
    description: `Pictures to add: at most ${mostItemsAtOnce}, or ${mostItemsOfJob} as a job.`,
  });

export const addOutcomeSchema = z
  .union([
    z.strictObject({
      key: z.string(),
      status: z
        .enum(['added', 'unchanged', 'replaced', 'updated'])
        .describe(
          '`unchanged`: same key, same picture, same text; `updated`: other text; `replaced`: other picture',
        ),
      item: itemSchema,
      clusterId: z.int().min(1).optional().describe('the cluster it is in, where items join clusters'),
    }),
    z.strictObject({
      key: z.string(),
      status: z.literal('failed'),
      code: z.string().describe('as of a problem'),
      message: z.string(),
    }),
  ])
  .meta({ id: 'AddOutcome', description: 'What became of one picture.' });

export const addAnswerSchema = z
  .strictObject({ outcomes: z.array(addOutcomeSchema).describe('in the order of the request') })
  .meta({ id: 'AddAnswer' });

export const itemChangeSchema = z
  .strictObject({
    label: labelSchema.optional(),
    metadata: z
      .record(z.string(), jsonSchema)
      .optional()
      .describe('a JSON merge patch (RFC 7396): null takes a field away'),
  })
  .refine(change => Object.keys(change).length > 0, 'expected label, metadata or both')
  .meta({ id: 'ItemChange', minProperties: 1 });
