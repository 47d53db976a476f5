import Database from 'better-sqlite3';
import { MedoidError, messageOf } from '../errors.js';

/** Some milliseconds each: between them everything else has its turn. */
const pagesAtOnce = 500;

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told the share that is done, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * Copies a database page by page as it is in the transaction that the connection is in, whatever others write meanwhile:
 * outside of one, SQLite would begin anew each time that they have.
 * @param target a new file; one file without a log beside it when it returns
 * @throws MedoidError `file-unusable` where there is no room for it, or `interrupted`
 */
export async function copyPages(
  source: Database.Database,
  target: string,
  { signal, onProgress }: CopyOptions = {},
): Promise<void> {
  try {
    await source.backup(target, {
      progress({ totalPages, remainingPages }) {
        if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request');
        if (totalPages > 0) onProgress?.(1 - remainingPages / totalPages);
        return pagesAtOnce;
      },
    });
    // It was copied as one with a log, which a reader would have to make.
    const copy = new Database(target);
    copy.pragma('journal_mode = DELETE');
    copy.close();
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError(
      'file-unusable',
      `${source.name} cannot be copied to ${target}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
