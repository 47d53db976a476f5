import { type MedoidError, understandError } from '../errors.js';
import { readImageFile } from '../images/read-image-file.js';
import { inBatches, workAhead } from '../work-ahead.js';
import type { Collection } from './collection.js';
import type { ImageSource, SourceFailure, SourceImage } from './image-source.js';
import type { AddOutcome } from './item.js';
import { prepareAll } from './prepare-all.js';

export interface ImportReport {
  added: number;
  replaced: number;
  updated: number;
  unchanged: number;
  /** Files that are no images by their name. */
  readonly ignored: number;
  readonly failed: SourceFailure[];
}

export interface ImportOptions {
  /** Images that are embedded together and written in one transaction. */
  readonly batchSize: number;
  /** Once aborted, the batch under way is finished and no other begun. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, report: ImportReport) => void;
}

function count(report: ImportReport, image: SourceImage, outcome: AddOutcome): void {
  if (outcome.status !== 'failed') report[outcome.status]++;
  else report.failed.push({ path: image.shownPath, code: outcome.code, message: outcome.message });
}

/** Of a batch that the disk had no room for, or would not take: each is to be told of, and others may be luckier. */
function notWritten(batch: readonly SourceImage[], error: unknown): AddOutcome[] {
  const { code, message }: MedoidError = understandError(error);
  if (code !== 'storage-full' && code !== 'storage-failed') throw error;
  return batch.map(({ key }) => ({ key, status: 'failed', code, message }));
}

/**
 * Brings a collection up to date with a source, batch after batch: while one is embedded, the next is read and
 * decoded. It may be killed at any moment and run again.
 */
export async function importImages(
  collection: Collection,
  source: ImageSource,
  { batchSize, signal, onProgress }: ImportOptions,
): Promise<ImportReport> {
  const report: ImportReport = {
    added: 0,
    replaced: 0,
    updated: 0,
    unchanged: 0,
    ignored: source.ignored,
    failed: [...source.failed],
  };
  let done = 0;
  const prepareBatch = (batch: readonly SourceImage[]) =>
    prepareAll(
      batch.map(({ path, key, label, metadata }) =>
        collection.prepare({ key, label, metadata, image: () => readImageFile(path) }),
      ),
    );
  for await (const [batch, prepared] of workAhead(inBatches(source.images, batchSize), prepareBatch)) {
    const outcomes = await collection.commit(prepared).catch(error => notWritten(batch, error));
    for (const [i, outcome] of outcomes.entries()) count(report, batch[i], outcome);
    done += batch.length;
    onProgress?.(done, report);
    if (signal?.aborted) break;
  }
  return report;
}
