import { z } from 'zod';
import { parseRow } from './parse-row.js';

export const verdicts = ['keep', 'not-duplicates'] as const;

/** `keep`: they show the same and shall all stay; `not-duplicates`: they do not. */
export type Verdict = (typeof verdicts)[number];

const sha256Schema = z.string().length(64);

const textSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: `expected JSON, got ${text}` });
    return z.NEVER;
  }
});

const decisionSchema = z
  .strictObject({ id: z.int(), collection_id: z.int(), verdict: z.enum(verdicts), created_at: z.string() })
  .transform(row => ({ id: row.id, verdict: row.verdict, createdAt: row.created_at }));

const decidedItemSchema = z.strictObject({
  id: z.int(),
  decision_id: z.int(),
  item_id: z.int(),
  image_sha256: sha256Schema,
});

const hashSchema = z.strictObject({
  id: z.int(),
  image_sha256: sha256Schema.regex(/^[0-9a-f]+$/),
  hash: z.instanceof(Buffer).refine(({ length }) => length === 8, 'expected 8 bytes'),
});

const searchSchema = z
  .strictObject({
    id: z.int(),
    collection_id: z.int(),
    model_id: z.string(),
    max_distance: z.number(),
    tiers: textSchema.pipe(z.array(z.string())),
    finished_at: z.string().nullable(),
  })
  .transform(row => ({
    id: row.id,
    modelId: row.model_id,
    maxDistance: row.max_distance,
    /** What was looked for. */
    tiers: row.tiers,
    /** Null for one that is under way, or was broken off. */
    finishedAt: row.finished_at,
  }));

const memberSchema = z.strictObject({
  itemId: z.int(),
  /** Of the picture that was compared. */
  imageSha256: sha256Schema,
  /** Null for what stands for the group. */
  tier: z.string().nullable(),
  distance: z.number(),
  hashDistance: z.int().nullable(),
});

const groupSchema = z
  .strictObject({ id: z.int(), search_id: z.int(), members: textSchema.pipe(z.array(memberSchema).min(2)) })
  .transform(({ id, members }) => ({ id, members }));

export type DecisionRow = z.output<typeof decisionSchema>;
export type DuplicateSearchRow = z.output<typeof searchSchema>;
export type GroupMember = z.output<typeof memberSchema>;
export type DuplicateGroupRow = z.output<typeof groupSchema>;

const parse = <Schema extends z.ZodType>(schema: Schema, row: unknown): z.output<Schema> =>
  parseRow(schema, row, 'the catalog');

export const parseDecision = (row: unknown): DecisionRow => parse(decisionSchema, row);
export const parseDecidedItem = (row: unknown): unknown => parse(decidedItemSchema, row);
export const parseHashRow = (row: unknown): unknown => parse(hashSchema, row);
export const parseDuplicateSearch = (row: unknown): DuplicateSearchRow => parse(searchSchema, row);
export const parseDuplicateGroup = (row: unknown): DuplicateGroupRow => parse(groupSchema, row);
