import { open, rm, stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import { messageOf } from '../errors.js';
import { storageTrouble } from '../storage-trouble.js';
import type { Notify } from './notice.js';

/** What a write-ahead log of SQLite, of at most about 4 MiB, may need to be brought into its file. */
const size = 2 * 1024 * 1024;

/**
 * A file of nothing, given up when the disk is full: to delete something, or to open what is there, a little room is
 * needed first.
 */
export class Reserve {
  private isWhole = false;
  private readonly filling = pLimit(1);

  constructor(
    private readonly path: string,
    private readonly notify: Notify,
  ) {}

  /**
   * Does work that fails as a whole or not at all; where the disk is full, once more with the room of the reserve.
   * @param makeRoom makes more of it, before the second time
   * @throws what the work throws
   */
  async withRoom<T>(work: () => T, makeRoom: () => void = () => undefined): Promise<T> {
    try {
      return work();
    } catch (error) {
      if (storageTrouble(error) !== 'storage-full') throw error;
      this.isWhole = false;
      await rm(this.path, { force: true });
      makeRoom();
      return work();
    }
  }

  /** Puts it back when there is room; what is wrong else is told. */
  fill(): Promise<void> {
    return this.filling(() => this.fillNow());
  }

  private async fillNow(): Promise<void> {
    if (this.isWhole) return;
    try {
      this.isWhole = (await this.sizeNow()) === size;
      if (!this.isWhole) await this.write();
    } catch (error) {
      await rm(this.path, { force: true }).catch(() => undefined);
      if (storageTrouble(error) === 'storage-full') return;
      this.notify(`no room could be set aside: ${messageOf(error)}`, error);
    }
  }

  private async sizeNow(): Promise<number> {
    try {
      return (await stat(this.path)).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
  }

  private async write(): Promise<void> {
    const handle = await open(this.path, 'w');
    try {
      await handle.writeFile(Buffer.alloc(size));
    } finally {
      await handle.close();
    }
    this.isWhole = true;
  }
}
