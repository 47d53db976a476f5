import pLimit from 'p-limit';
import { z } from 'zod';
import { errorCatalogue, MedoidError } from '../../errors.js';
import { inBatches, workAhead } from '../../work-ahead.js';
import type { AddOutcome } from '../item.js';
import {
  type FailedItem,
  itemTextSchema,
  type PreparedItem,
  prepareAll,
  releaseHolds,
} from '../prepare-item.js';
import { retryOverloaded } from '../retry-overloaded.js';
import { defineJob, type JobContext, stopIfAborted } from './job.js';

const mostItems = 10_000;
const batchSize = 32;
const preparedAtOnce = 4;
const mostFailuresKept = 1000;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

export const addItemsInputSchema = z.strictObject({
  items: z
    .array(
      z.union([
        itemTextSchema.extend({ imageSha256: sha256Schema.describe('of an image that is staged') }),
        itemTextSchema.extend({ url: z.string().min(1).max(4096) }),
      ]),
    )
    .min(1)
    .max(mostItems),
});

type ItemToAdd = z.output<typeof addItemsInputSchema>['items'][number];

const resultSchema = z.strictObject({
  added: z.int(),
  replaced: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  /** The first ones. */
  failed: z.array(z.strictObject({ key: z.string(), code: z.string(), message: z.string() })),
  failedCount: z.int(),
});

type Result = z.output<typeof resultSchema>;

/** Written together with the items it counts, so that none is counted twice. */
const checkpointSchema = z.strictObject({ done: z.int(), result: resultSchema });

const beginning = {
  done: 0,
  result: { added: 0, replaced: 0, updated: 0, unchanged: 0, failed: [], failedCount: 0 },
};

function countOutcomes(before: Result, outcomes: readonly AddOutcome[]): Result {
  const result = { ...before, failed: [...before.failed] };
  for (const outcome of outcomes) {
    if (outcome.status !== 'failed') {
      result[outcome.status]++;
      continue;
    }
    result.failedCount++;
    const { key, code, message } = outcome;
    const { status, title } = errorCatalogue[code];
    // The server's own trouble may speak of its folders; results are for whoever asked.
    const told = status >= 500 ? title : message;
    if (result.failed.length < mostFailuresKept) result.failed.push({ key, code, message: told });
  }
  return result;
}

async function readStaged(sha256: string, { images }: JobContext): Promise<Uint8Array> {
  try {
    return await images.read(sha256);
  } catch (error) {
    if (!(error instanceof MedoidError)) throw error;
    throw new MedoidError('not-found', `the picture ${sha256} is not stored`, { cause: error });
  }
}

type Prepared = readonly (PreparedItem | FailedItem)[];

/** Prepares items, and gives back what it holds of those that came to nothing. */
class Preparation {
  /** By their items. */
  private readonly started = new Map<readonly ItemToAdd[], Promise<Prepared>>();
  /** So few at a time that slow addresses keep nobody else from being prepared. */
  private readonly inTurn = pLimit(preparedAtOnce);

  constructor(
    private readonly context: JobContext,
    /** The first item of each key. */
    private readonly firstOf: ReadonlyMap<string, ItemToAdd>,
  ) {}

  start(items: readonly ItemToAdd[]): Promise<Prepared> {
    const prepared = prepareAll(items, item => this.inTurn(() => this.prepare(item)));
    this.started.set(items, prepared);
    return prepared;
  }

  startedFor(items: readonly ItemToAdd[]): Promise<Prepared> | undefined {
    return this.started.get(items);
  }

  /** What was committed, or refused, has been let go of and needs no place in memory. */
  forget(items: readonly ItemToAdd[]): void {
    this.started.delete(items);
  }

  async release(): Promise<void> {
    for (const prepared of this.started.values()) await releaseHolds(await prepared.catch(() => []));
  }

  private async prepare(item: ItemToAdd): Promise<PreparedItem | FailedItem> {
    const { context } = this;
    const { key, label, metadata } = item;
    if (this.firstOf.get(key) !== item) {
      return { key, failure: new MedoidError('invalid-request', `the key ${key} comes twice in one job`) };
    }
    try {
      const image =
        'url' in item
          ? await context.fetchImage(item.url, context.signal)
          : await readStaged(item.imageSha256, context);
      return await retryOverloaded(async () => {
        const prepared = await context.opened.writer.prepare({ key, label, metadata, image }, context.signal);
        if ('failure' in prepared && prepared.failure.code === 'overloaded') throw prepared.failure;
        return prepared;
      }, context.signal);
    } catch (error) {
      stopIfAborted(context.signal);
      if (error instanceof MedoidError) return { key, failure: error };
      throw error;
    }
  }
}

/** Adds images that are staged, and such as lie at an address, a batch a transaction; a bad one fails alone. */
export const addItems = defineJob({
  input: addItemsInputSchema,
  imagesOf: ({ items }) => items.flatMap(item => ('imageSha256' in item ? [item.imageSha256] : [])),
  async run({ items }, context) {
    const { opened, signal, saveCheckpoint, report } = context;
    let { done, result } = checkpointSchema.parse(context.checkpoint ?? beginning);
    const firstOf = new Map([...items].reverse().map(item => [item.key, item]));
    const preparation = new Preparation(context, firstOf);
    report({ done, total: items.length });
    try {
      const batches = inBatches(items.slice(done), batchSize);
      for await (const [batch] of workAhead(batches, entries => preparation.start(entries))) {
        await retryOverloaded(async () => {
          stopIfAborted(signal);
          // After a commit that was refused nothing is held any more.
          const prepared = preparation.startedFor(batch) ?? preparation.start(batch);
          await opened.writer
            .commit(prepared, {
              signal,
              alongside: outcomes => {
                result = countOutcomes(result, outcomes);
                done += batch.length;
                saveCheckpoint({ done, result });
              },
            })
            .finally(() => preparation.forget(batch));
        }, signal);
        report({ done, total: items.length });
      }
    } finally {
      await preparation.release();
    }
    return result;
  },
});
