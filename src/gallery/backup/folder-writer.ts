import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../../durable-file.js';
import { MedoidError, messageOf } from '../../errors.js';
import { inBatches } from '../../work-ahead.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { ArchivedEntry } from './read-archive.js';

/** The disk waits for many at once hardly longer than for one. */
const syncedAtOnce = 64;

function refuse(path: string, error: unknown): never {
  throw new MedoidError('file-unusable', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
}

/** Writes entries of a backup below a folder, each to a new file. */
export class FolderWriter {
  private readonly files: string[] = [];
  /** Below the folder, and itself. */
  private readonly folders = new Set(['.']);

  constructor(private readonly directory: string) {}

  /** @throws MedoidError `file-unusable`, or what is wrong with the entry */
  async write({ name, kind, chunks }: ArchivedEntry): Promise<void> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true }).catch(error => refuse(path, error));
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) this.folders.add(folder);
    // Others are not to read the hashes of keys.
    const file = await open(path, 'wx', kind === 'keys' ? 0o600 : 0o666).catch(error => refuse(path, error));
    try {
      for await (const chunk of chunks) await file.appendFile(chunk).catch(error => refuse(path, error));
    } finally {
      await file.close();
    }
    this.files.push(name);
  }

  /** Waits until the files and their names would survive a power cut. @throws MedoidError as `write` */
  async sync(signal: AbortSignal): Promise<void> {
    for (const batch of inBatches([...this.files, ...this.folders], syncedAtOnce)) {
      stopIfAborted(signal);
      const paths = batch.map(name => join(this.directory, name));
      await Promise.all(paths.map(path => syncPath(path).catch(error => refuse(path, error))));
    }
  }
}
