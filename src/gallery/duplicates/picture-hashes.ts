import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { Catalog } from '../../catalog/catalog.js';
import { MedoidError } from '../../errors.js';
import type { ImageLimits } from '../../images/limits.js';
import { type PerceptualHash, perceptualHash } from '../../images/perceptual-hash.js';
import type { ImageStore } from '../image-store.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { Picture } from './list-pictures.js';

export interface PictureSource {
  readonly images: ImageStore;
  readonly catalog: Catalog;
  readonly limits: ImageLimits;
}

/** What is wrong with one picture and no reason to give up the others. */
const faultsOfOne: ReadonlySet<string> = new Set([
  'invalid-gallery',
  'image-too-large',
  'unreadable-image',
  'unsupported-image',
]);

/** The perceptual hashes of stored pictures, each made once, when it is first asked for. */
export class PictureHashes {
  /** Null for a picture that cannot be read. */
  private readonly made = new Map<Picture, PerceptualHash | null>();
  /** One is read while another is decoded. */
  private readonly limit = pLimit(availableParallelism() + 1);

  constructor(
    private readonly source: PictureSource,
    private readonly signal?: AbortSignal,
  ) {}

  /** @throws MedoidError `interrupted` */
  async make(pictures: Iterable<Picture>): Promise<void> {
    const missing = [...new Set(pictures)].filter(picture => !this.made.has(picture));
    const hashes = await Promise.all(missing.map(picture => this.limit(() => this.hash(picture))));
    for (const [i, picture] of missing.entries()) this.made.set(picture, hashes[i]);
  }

  /** Nothing for a picture that could not be read, or was not asked for. */
  of(picture: Picture): PerceptualHash | undefined {
    return this.made.get(picture) ?? undefined;
  }

  /** Those that items still have. */
  unreadable(): Picture[] {
    return [...this.made].flatMap(([picture, hash]) =>
      hash === null && this.source.catalog.hasImage(picture.imageSha256) ? [picture] : [],
    );
  }

  private async hash({ imageSha256 }: Picture): Promise<PerceptualHash | null> {
    stopIfAborted(this.signal);
    const { images, limits } = this.source;
    try {
      return await perceptualHash(await images.read(imageSha256), limits);
    } catch (error) {
      if (error instanceof MedoidError && faultsOfOne.has(error.code)) return null;
      throw error;
    }
  }
}
