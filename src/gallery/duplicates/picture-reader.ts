import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { Catalog } from '../../catalog/catalog.js';
import { MedoidError } from '../../errors.js';
import type { ImageLimits } from '../../images/limits.js';
import type { ImageStore } from '../image-store.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { Picture } from './list-pictures.js';

export interface PictureSource {
  readonly images: ImageStore;
  readonly catalog: Catalog;
  readonly access: 'read' | 'write';
  readonly limits: ImageLimits;
}

/** What is wrong with one picture and no reason to give up the others. */
const faultsOfOne: ReadonlySet<string> = new Set([
  'invalid-gallery',
  'image-too-large',
  'unreadable-image',
  'unsupported-image',
]);

/** Reads stored pictures, as many at once as is of use, and keeps in mind those that cannot be read. */
export class PictureReader {
  private readonly broken = new Set<Picture>();
  /** One is read while another is decoded. */
  private readonly limit = pLimit(availableParallelism() + 1);

  constructor(
    readonly source: PictureSource,
    private readonly signal?: AbortSignal,
  ) {}

  /** What is made of each of them; null of one that cannot be read. @throws MedoidError `interrupted` */
  readEach<T>(
    pictures: readonly Picture[],
    make: (bytes: Uint8Array, limits: ImageLimits) => Promise<T>,
  ): Promise<(T | null)[]> {
    return Promise.all(pictures.map(picture => this.limit(() => this.read(picture, make))));
  }

  /** Those that items still have. */
  unreadable(): Picture[] {
    return [...this.broken].filter(({ imageSha256 }) => this.source.catalog.hasImage(imageSha256));
  }

  private async read<T>(
    picture: Picture,
    make: (bytes: Uint8Array, limits: ImageLimits) => Promise<T>,
  ): Promise<T | null> {
    stopIfAborted(this.signal);
    const { images, limits } = this.source;
    try {
      return await make(await images.read(picture.imageSha256), limits);
    } catch (error) {
      if (!(error instanceof MedoidError) || !faultsOfOne.has(error.code)) throw error;
      this.broken.add(picture);
      return null;
    }
  }
}
