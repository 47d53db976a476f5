import { z } from 'zod';
import type { Catalog } from '../../catalog/catalog.js';
import type { NewEmbeddingSet } from '../../catalog/embedding-sets.js';
import type { JobProgress } from '../../catalog/job-table.js';
import type { EmbeddingSetRow, JobRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import type { FetchImage } from '../image-fetching.js';
import type { ImageStore } from '../image-store.js';
import type { OpenedCollection } from '../open-collections.js';

/** A job as it is at one moment. */
export type JobSummary = Omit<JobRow, 'collectionId'>;

/** What jobs need of the gallery. */
export interface JobServices {
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly fetchImage: FetchImage;
  /** Copies a model into the gallery, unless it is there. @throws MedoidError `not-found` */
  storeModel(modelId: string): Promise<NewEmbeddingSet>;
  openSpace(set: EmbeddingSetRow): Promise<EmbeddingSpace>;
  removeIndexFiles(setIds: readonly number[]): Promise<void>;
  /** Has the clusters of a collection consolidated by another job, if it has any. */
  consolidateClusters(collection: string): void;
}

/** Of one run of one job. */
export interface JobContext extends JobServices {
  readonly opened: OpenedCollection;
  /** Aborted when the job is cancelled or the gallery is closed. */
  readonly signal: AbortSignal;
  /** What an earlier run saved last; null for the first. */
  readonly checkpoint: unknown;
  /** To be called within the transaction that writes what the checkpoint speaks of. */
  saveCheckpoint(checkpoint: unknown): void;
  report(progress: JobProgress): void;
}

/** Long work of one kind. */
export interface JobKind<Input extends z.ZodType = z.ZodType> {
  readonly input: Input;
  /** Of what a run saves; given by the kinds that save anything. */
  readonly checkpoint?: z.ZodType;
  /** Hashes of stored images that the job needs until it has ended; none unless given. */
  imagesOf?(input: z.output<Input>): readonly string[];
  /**
   * Does the work, or what an earlier run left of it, and stops soon once the signal is aborted.
   * @returns the result, as JSON
   * @throws MedoidError `interrupted` when it was stopped
   */
  run(input: z.output<Input>, context: JobContext): Promise<unknown>;
}

export const defineJob = <Input extends z.ZodType>(kind: JobKind<Input>): JobKind<Input> => kind;

/** A kind of which only the input's schema knows what the input is. */
export interface AnyJobKind {
  /** @throws MedoidError `invalid-request` naming the field */
  parse(input: unknown): unknown;
  /** Nothing for one that a run can go on from, else what is wrong with it. */
  findFault(checkpoint: unknown): string | undefined;
  /** @param input as it was parsed */
  imagesOf(input: unknown): readonly string[];
  run(input: unknown, context: JobContext): Promise<unknown>;
}

export function eraseInput<Input extends z.ZodType>(kind: JobKind<Input>): AnyJobKind {
  const parse = (input: unknown): z.output<Input> => {
    const parsed = kind.input.safeParse(input);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const field = issue.path.join('.');
    throw new MedoidError(
      'invalid-request',
      field === '' ? issue.message : `${field}: ${issue.message}`,
      field === '' ? {} : { field },
    );
  };
  return {
    parse,
    findFault: checkpoint => {
      if (checkpoint === null || kind.checkpoint === undefined) return undefined;
      const { error } = kind.checkpoint.safeParse(checkpoint);
      return error === undefined ? undefined : z.prettifyError(error);
    },
    imagesOf: input => kind.imagesOf?.(input as z.output<Input>) ?? [],
    run: (input, context) => kind.run(input as z.output<Input>, context),
  };
}
