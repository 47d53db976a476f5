import pLimit from 'p-limit';
import { z } from 'zod';
import { errorCatalogue, MedoidError } from '../../errors.js';
import { inBatches, workAhead } from '../../work-ahead.js';
import type { AddOutcome } from '../item.js';
import { prepareAll, releaseItems } from '../prepare-all.js';
import { type FailedItem, itemTextSchema, type PreparedItem } from '../prepare-item.js';
import { retryOverloaded } from '../retry-overloaded.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { defineJob, type JobContext } from './job.js';

export const mostItemsOfJob = 10_000;
const batchSize = 32;
const readAtOnce = 8;
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
    .max(mostItemsOfJob),
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

type Batch = readonly ItemToAdd[];
type Prepared = Promise<readonly (PreparedItem | FailedItem)[]>;

/** Prepares batches ahead of their turn, and gives back what it holds of those that nobody took. */
class Preparation {
  private readonly waiting = new Map<Batch, Prepared>();
  private readonly inTurn = pLimit(readAtOnce);

  constructor(
    private readonly context: JobContext,
    /** The first item of each key: another one is not added. */
    private readonly firstOf: ReadonlyMap<string, ItemToAdd>,
  ) {}

  start(batch: Batch): Prepared {
    const prepared = prepareAll(batch.map(item => this.inTurn(() => this.prepare(item))));
    this.waiting.set(batch, prepared);
    return prepared;
  }

  /** For whoever lets go of the items. What was taken before is prepared anew. */
  take(batch: Batch): Prepared {
    const prepared = this.waiting.get(batch) ?? this.start(batch);
    this.waiting.delete(batch);
    return prepared;
  }

  async release(): Promise<void> {
    // Those that failed hold nothing, and why they did is said elsewhere.
    for (const prepared of this.waiting.values()) await releaseItems(await prepared.catch(() => []));
  }

  private async prepare(item: ItemToAdd): Promise<PreparedItem | FailedItem> {
    const { context } = this;
    const { opened, signal } = context;
    const { key, label, metadata } = item;
    stopIfAborted(signal);
    if (this.firstOf.get(key) !== item) {
      return { key, failure: new MedoidError('invalid-request', `the key ${key} comes twice in one job`) };
    }
    const image = retryOverloaded(
      () => ('url' in item ? context.fetchImage(item.url, signal) : readStaged(item.imageSha256, context)),
      signal,
    );
    // Whoever adds something else meanwhile is not to wait for a slow address. What went wrong is told below.
    await Promise.allSettled([image]);
    return retryOverloaded(async () => {
      const prepared = await opened.writer.prepare({ key, label, metadata, image: () => image }, signal);
      if ('failure' in prepared && prepared.failure.code === 'overloaded') throw prepared.failure;
      return prepared;
    }, signal);
  }
}

/** Adds images that are staged, and such as lie at an address, a batch a transaction; a bad one fails alone. */
export const addItems = defineJob({
  input: addItemsInputSchema,
  checkpoint: checkpointSchema,
  imagesOf: ({ items }) => items.flatMap(item => ('imageSha256' in item ? [item.imageSha256] : [])),
  async run({ items }, context) {
    const { opened, signal, saveCheckpoint, report } = context;
    let { done, result } = checkpointSchema.parse(context.checkpoint ?? beginning);
    const firstOf = new Map([...items].reverse().map(item => [item.key, item]));
    const preparation = new Preparation(context, firstOf);
    report({ done, total: items.length });
    const commit = async (batch: Batch): Promise<void> => {
      stopIfAborted(signal);
      // Prepared before its turn begins, also when a commit was refused: others do not wait for it.
      const prepared = await preparation.take(batch);
      await opened.writer.commit(Promise.resolve(prepared), {
        signal,
        alongside: outcomes => {
          result = countOutcomes(result, outcomes);
          done += batch.length;
          saveCheckpoint({ done, result });
        },
      });
    };
    try {
      const batches = inBatches(items.slice(done), batchSize);
      for await (const [batch] of workAhead(batches, entries => preparation.start(entries))) {
        await retryOverloaded(() => commit(batch), signal);
        report({ done, total: items.length });
      }
    } finally {
      await preparation.release();
    }
    return result;
  },
});
