import { opendir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns } from '../take-turns.js';
import type { ImageStore } from './image-store.js';
import type { Notify } from './notice.js';

interface StrayImagesParts {
  /** `images/` of the gallery. */
  readonly directory: string;
  readonly images: ImageStore;
  readonly notify: Notify;
}

async function search({ directory, images }: StrayImagesParts, signal: AbortSignal): Promise<void> {
  const takeTurn = createTurns(signal);
  for (const folder of await readdir(directory)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for await (const { name } of await opendir(join(directory, folder))) {
      await takeTurn();
      const isImage = /^[0-9a-f]{64}$/.test(name) && name.startsWith(folder);
      // One that is held is looked at by the last to let go of it.
      if (isImage) await images.removeUnlessNeeded(name);
    }
  }
}

/**
 * Looks through the files of a gallery, in turns, and removes those that nothing needs: a process that was killed
 * leaves images whose items or job it had not written yet.
 */
export class StrayImages {
  private readonly stop = new AbortController();
  private searching: Promise<void> | undefined;

  constructor(private readonly parts: StrayImagesParts) {}

  /** Begins, once; what cannot be done is told, and tried again when the gallery is opened again. */
  start(): void {
    const { signal } = this.stop;
    this.searching ??= search(this.parts, signal).catch(error => {
      if (error instanceof MedoidError && error.code === 'interrupted' && signal.aborted) return;
      this.parts.notify(`the images could not be looked through: ${messageOf(error)}`, error);
    });
  }

  /** Once it has ended; the rest is looked through another time. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.searching;
  }
}
