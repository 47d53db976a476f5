import type { Catalog } from '../catalog/catalog.js';
import type { CollectionRow, ItemRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import { createThumbnail } from '../images/decode.js';
import type { ImageLimits } from '../images/limits.js';
import type { ActiveSpace } from './active-space.js';
import type { Activity } from './activity.js';
import { CollectionWriter } from './collection-writer.js';
import type { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import {
  type AddOutcome,
  type CollectionSummary,
  type Item,
  type ItemPage,
  type Neighbour,
  type NewItem,
  type SearchAnswer,
  toItem,
} from './item.js';
import type { Notify } from './notice.js';
import type { FailedItem, ItemToPrepare, PreparedItem } from './prepare-item.js';

/** What a collection is made of; the gallery owns it all. */
export interface CollectionParts {
  readonly row: Pick<CollectionRow, 'id' | 'name' | 'createdAt'>;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly space: ActiveSpace;
  readonly activity: Activity;
  readonly access: 'read' | 'write';
  readonly limits: ImageLimits;
  readonly notify: Notify;
}

const roundMs = (ms: number): number => Math.round(ms * 100) / 100;

/** Items that are searched together: their images, rows and vectors. */
export class Collection {
  private readonly writer: CollectionWriter;

  constructor(private readonly parts: CollectionParts) {
    this.writer = new CollectionWriter({ ...parts, collectionId: parts.row.id });
  }

  /** Why the index was built anew when the collection was opened; nothing when its snapshot was used. */
  get rebuiltBecause(): string | undefined {
    return this.parts.space.current.rebuiltBecause;
  }

  get name(): string {
    return this.parts.row.name;
  }

  get modelId(): string {
    return this.parts.space.current.modelId;
  }

  get size(): number {
    return this.parts.catalog.countItems(this.parts.row.id);
  }

  summary(): CollectionSummary {
    const { name, createdAt } = this.parts.row;
    const { modelId, dimension } = this.parts.space.current;
    return { name, modelId, dimension, items: this.size, createdAt };
  }

  /**
   * Adds each item, or brings the one of its key up to date; one transaction a call.
   * @returns what became of each, in order: a bad image fails alone
   * @throws MedoidError `interrupted` when `signal` is aborted before anything is written
   */
  add(items: readonly NewItem[], signal?: AbortSignal): Promise<AddOutcome[]> {
    return this.write(async () => {
      const prepared = Promise.all(items.map(item => this.writer.prepare(item)));
      return this.writer.commit(prepared, signal);
    });
  }

  /** The first half of `add`, for callers that overlap it with the second half of the items before. */
  prepare(item: ItemToPrepare): Promise<PreparedItem | FailedItem> {
    return this.write(() => this.writer.prepare(item));
  }

  /** The second half of `add`. */
  commit(items: readonly (PreparedItem | FailedItem)[]): Promise<AddOutcome[]> {
    return this.write(() => this.writer.commit(Promise.resolve(items)));
  }

  /** @throws MedoidError of the image's own fault, or `invalid-option` */
  search(
    image: Uint8Array,
    { k, exact = false }: { readonly k: number; readonly exact?: boolean },
  ): Promise<SearchAnswer> {
    const searchIn = async (space: EmbeddingSpace): Promise<SearchAnswer> => {
      const { embedder, modelId } = space;
      const began = performance.now();
      const pixels = await embedder.decode(image);
      const decoded = performance.now();
      const [query] = await embedder.embedPixels([pixels]);
      const embedded = performance.now();
      const results = this.findNearest(space, { query, k, by: exact ? 'exact' : 'graph' });
      const timingsMs = {
        decode: roundMs(decoded - began),
        embed: roundMs(embedded - decoded),
        search: roundMs(performance.now() - embedded),
      };
      return { results, modelId, timingsMs };
    };
    return this.parts.activity.run(() => this.parts.space.use(searchIn));
  }

  /** @throws MedoidError `not-found` */
  getItem(id: number): Item {
    const row = this.parts.catalog.findItem(this.parts.row.id, id);
    if (row === undefined) throw new MedoidError('not-found', `${this.name} has no item ${id}`);
    return toItem(row);
  }

  /** By ascending id, from the first one above `afterId`, which need not exist. */
  listItems({ afterId = 0, limit }: { readonly afterId?: number; readonly limit: number }): ItemPage {
    const rows = this.parts.catalog.listItems(this.parts.row.id, { afterId, limit: limit + 1 });
    const items = rows.slice(0, limit).map(toItem);
    return { items, next: rows.length > limit ? items[limit - 1].id : null };
  }

  /** @throws MedoidError `not-found`, or `invalid-gallery` when the copy is missing or damaged */
  readImage(id: number): Promise<{ bytes: Buffer; item: Item }> {
    return this.parts.activity.run(async () => {
      const item = this.getItem(id);
      return { bytes: await this.parts.images.read(item.imageSha256), item };
    });
  }

  /** @throws MedoidError as `readImage` */
  createThumbnail(
    id: number,
    options: { readonly side: number; readonly format: 'jpeg' | 'webp' },
  ): Promise<Buffer> {
    return this.parts.activity.run(async () => {
      const { imageSha256 } = this.getItem(id);
      return createThumbnail(await this.parts.images.read(imageSha256), options, this.parts.limits);
    });
  }

  /** Writes the snapshot of the index, if it is not up to date. @throws MedoidError `invalid-index` */
  save(): Promise<void> {
    return this.write(() => this.parts.space.use(space => space.save()));
  }

  /** Opens the space that another process has put in the place of this one. @throws MedoidError `not-found` */
  follow(): Promise<void> {
    return this.parts.space.follow();
  }

  private findNearest(
    space: EmbeddingSpace,
    { query, k, by }: { query: Float32Array; k: number; by: 'exact' | 'graph' },
  ): Neighbour[] {
    const { catalog } = this.parts;
    return catalog.transaction(() => {
      space.refresh();
      const index = by === 'exact' ? space.exact() : space.graph;
      return index.search(query, k).map(({ id, distance }) => {
        const row = catalog.findItemByVector(id) as ItemRow;
        return { item: toItem(row), distance };
      });
    });
  }

  private write<T>(work: () => Promise<T>): Promise<T> {
    return this.parts.activity.run(() => {
      if (this.parts.access === 'write') return work();
      throw new MedoidError('method-not-allowed', 'the gallery is open for reading; open it for writing');
    });
  }
}
