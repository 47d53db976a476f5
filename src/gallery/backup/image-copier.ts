import type { CatalogMark, CatalogSnapshot } from '../../catalog/catalog-snapshot.js';
import { messageOf } from '../../errors.js';
import { workAhead } from '../../work-ahead.js';
import { imageFile } from '../image-file.js';
import type { ImageStore } from '../image-store.js';
import { imagesOfJob } from '../jobs/images-of-job.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { ArchiveWriter } from './archive-writer.js';
import type { MissingEntry } from './backup-format.js';

export interface ImageCopierParts {
  readonly images: Pick<ImageStore, 'read'>;
  readonly archive: ArchiveWriter;
  readonly signal: AbortSignal;
  /** Told how many are copied, of how many that are known to be needed. */
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Copies the images that one snapshot of the catalog after another needs. An image that could not be read may have been
 * let go of since its snapshot was taken; the next one tells whether it was, or is lost.
 */
export class ImageCopier {
  private readonly copied = new Set<string>();
  /** Why each could not be read, since the snapshot before. */
  private readonly unread = new Map<string, string>();
  private readonly lost = new Map<string, string>();
  private before: CatalogMark | undefined;

  constructor(private readonly parts: ImageCopierParts) {}

  get count(): number {
    return this.copied.size;
  }

  /** Those that the snapshot needs and that are not copied. */
  list(snapshot: CatalogSnapshot): readonly string[] {
    this.settle(snapshot);
    const jobs = snapshot.listWaitingJobs(this.before);
    const needed = new Set([...snapshot.listImages(this.before), ...jobs.flatMap(imagesOfJob)]);
    this.before = snapshot.mark;
    return [...needed].filter(image => !this.copied.has(image));
  }

  /** @returns how many are neither copied nor known to be lost: then another snapshot is to be taken */
  async copy(images: readonly string[]): Promise<number> {
    const { archive, signal, onProgress } = this.parts;
    const total = this.copied.size + images.length;
    for await (const [image, read] of workAhead(images, hash => this.read(hash))) {
      stopIfAborted(signal);
      if (typeof read === 'string') {
        this.unread.set(image, read);
        continue;
      }
      await archive.addBytes(imageFile(image), read);
      this.copied.add(image);
      this.lost.delete(image);
      onProgress(this.copied.size, total);
    }
    return [...this.unread.keys()].filter(image => !this.lost.has(image)).length;
  }

  /** What is lost of what the snapshot needs. */
  listLost(snapshot: CatalogSnapshot): MissingEntry[] {
    const byJobs = new Set(snapshot.listWaitingJobs().flatMap(imagesOfJob));
    return [...this.lost]
      .filter(([image]) => byJobs.has(image) || snapshot.hasHadImage(image, snapshot.mark))
      .map(([image, reason]) => ({ name: imageFile(image), reason }));
  }

  /** One that was needed all the while that it could not be read is lost: an image goes after those who need it. */
  private settle(snapshot: CatalogSnapshot): void {
    const { before } = this;
    if (before === undefined) return;
    const waiting = snapshot.listWaitingJobs().filter(({ id }) => id <= before.jobId);
    const byJobs = new Set(waiting.flatMap(imagesOfJob));
    for (const [image, reason] of this.unread) {
      if (byJobs.has(image) || snapshot.hasHadImage(image, before)) this.lost.set(image, reason);
    }
    this.unread.clear();
  }

  /** Its bytes, or why there are none. */
  private async read(image: string): Promise<Buffer | string> {
    try {
      return await this.parts.images.read(image);
    } catch (error) {
      return messageOf(error);
    }
  }
}
