import { z } from 'zod';
import { parseRow } from './parse-row.js';

const jsonSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: `expected JSON, got ${text}` });
    return z.NEVER;
  }
});

const metadataSchema = jsonSchema.pipe(z.record(z.string(), z.unknown()));

const collectionSchema = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    active_set_id: z.int(),
    previous_set_id: z.int().nullable(),
    model_id: z.string(),
    previous_model_id: z.string().nullable(),
    dimension: z.int().positive(),
    created_at: z.string(),
    items: z.int().nonnegative(),
  })
  .transform(row => ({
    id: row.id,
    name: row.name,
    /** The set of vectors that is searched. */
    setId: row.active_set_id,
    /** The set that was searched before. */
    previousSetId: row.previous_set_id,
    previousModelId: row.previous_model_id,
    /** Of the set that is searched. */
    modelId: row.model_id,
    dimension: row.dimension,
    createdAt: row.created_at,
    /** How many it has. */
    items: row.items,
  }));

/** Recall@K by K. */
const recallSchema = jsonSchema.pipe(z.record(z.string(), z.number()));

const embeddingSetSchema = z
  .strictObject({
    id: z.int(),
    collection_id: z.int(),
    model_id: z.string(),
    model_directory: z.string(),
    dimension: z.int().positive(),
    created_at: z.string(),
    recall: recallSchema.nullable(),
  })
  .transform(row => ({
    id: row.id,
    collectionId: row.collection_id,
    modelId: row.model_id,
    /** Name of a folder under `models/`. */
    modelDirectory: row.model_directory,
    dimension: row.dimension,
    createdAt: row.created_at,
    /** As measured when it was last about to be searched; null where there was nothing to measure with. */
    recall: row.recall,
  }));

const itemSchema = z
  .strictObject({
    id: z.int(),
    collection_id: z.int(),
    key: z.string(),
    label: z.string().nullable(),
    metadata: metadataSchema,
    image_sha256: z.string().length(64),
    format: z.string(),
    width: z.int().positive(),
    height: z.int().positive(),
    bytes: z.int().positive(),
    created_at: z.string(),
    updated_at: z.string(),
    vector_id: z.int(),
  })
  .transform(row => ({
    id: row.id,
    key: row.key,
    label: row.label,
    metadata: row.metadata,
    imageSha256: row.image_sha256,
    format: row.format,
    width: row.width,
    height: row.height,
    bytes: row.bytes,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    vectorId: row.vector_id,
  }));

export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type JobState = (typeof jobStates)[number];

const jobSchema = z
  .strictObject({
    id: z.int(),
    kind: z.string(),
    collection_id: z.int(),
    collection: z.string(),
    state: z.enum(jobStates),
    progress_done: z.int().nonnegative(),
    progress_total: z.int().nonnegative().nullable(),
    result: jsonSchema.nullable(),
    error_code: z.string().nullable(),
    error_message: z.string().nullable(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .transform(row => ({
    id: row.id,
    kind: row.kind,
    collectionId: row.collection_id,
    /** Name of the collection. */
    collection: row.collection,
    state: row.state,
    progress: { done: row.progress_done, total: row.progress_total },
    /** Null unless it is done. */
    result: row.result,
    /** Null unless it failed. */
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }));

const evaluationSchema = z
  .strictObject({
    id: z.int(),
    collection_id: z.int(),
    model_id: z.string(),
    input: jsonSchema,
    items_sha256: z.string().length(64),
    result: jsonSchema,
    created_at: z.string(),
  })
  .transform(row => ({
    id: row.id,
    collectionId: row.collection_id,
    modelId: row.model_id,
    input: row.input,
    /** Tells apart what it was measured on. */
    itemsSha256: row.items_sha256,
    result: row.result,
    createdAt: row.created_at,
  }));

export type CollectionRow = z.output<typeof collectionSchema>;
export type EmbeddingSetRow = z.output<typeof embeddingSetSchema>;
export type JobRow = z.output<typeof jobSchema>;
export type EvaluationRow = z.output<typeof evaluationSchema>;
export type ItemRow = z.output<typeof itemSchema>;

const parse = <Schema extends z.ZodType>(schema: Schema, row: unknown): z.output<Schema> =>
  parseRow(schema, row, 'the catalog');

export const parseCollection = (row: unknown): CollectionRow => parse(collectionSchema, row);
export const parseEmbeddingSet = (row: unknown): EmbeddingSetRow => parse(embeddingSetSchema, row);
export const parseJob = (row: unknown): JobRow => parse(jobSchema, row);
/** What a job was given or saved; null where there is nothing. */
export const parseJobText = (text: unknown): unknown => parse(jsonSchema.nullable(), text ?? null);
export const parseItem = (row: unknown): ItemRow => parse(itemSchema, row);
export const parseEvaluation = (row: unknown): EvaluationRow => parse(evaluationSchema, row);
