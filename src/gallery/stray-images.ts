import { opendir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import { isImageFolder, isImageName } from './image-file.js';
import type { ImageStore } from './image-store.js';
import type { Notify } from './notice.js';

interface StrayImagesParts {
  /** `images/` of the gallery. */
  readonly directory: string;
  readonly images: ImageStore;
  readonly notify: Notify;
}

/** More than a process that was killed can have had in hand. */
const mostStrays = 1000;

/** As many as `mostStrays` and one more at most. */
async function find({ directory, images }: StrayImagesParts, takeTurn: TakeTurn): Promise<string[]> {
  const strays: string[] = [];
  for (const folder of await readdir(directory)) {
    if (!isImageFolder(folder)) continue;
    for await (const { name } of await opendir(join(directory, folder))) {
      await takeTurn();
      if (isImageName(name, folder) && !images.isInUse(name)) strays.push(name);
      if (strays.length > mostStrays) return strays;
    }
  }
  return strays;
}

async function search(parts: StrayImagesParts, signal: AbortSignal): Promise<void> {
  const takeTurn = createTurns(signal);
  const strays = await find(parts, takeTurn);
  if (strays.length > mostStrays) {
    parts.notify(
      `more than ${mostStrays} pictures belong to no item, and none was removed: if an older catalog was put back they are ` +
        'those of a newer one, else `medoid doctor --fix` removes them',
    );
    return;
  }
  for (const sha256 of strays) {
    await takeTurn();
    // One that is held is looked at by the last to let go of it.
    await parts.images.removeUnlessNeeded(sha256);
  }
}

/**
 * Looks through the files of a gallery, in turns, and removes those that nothing needs: a process that was killed
 * leaves images whose items or job it had not written yet. More than such a process can have left are none of that: of them
 * it only tells, since a catalog that was put back does not know of what came after it.
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
