import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import type { CollectionRow, ItemRow } from '../catalog/rows.js';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { createThumbnail } from '../images/decode.js';
import { ExactIndex } from '../vector-index/exact.js';
import type { Activity } from './activity.js';
import { planItems, writePlans } from './add-items.js';
import type { ImageStore } from './image-store.js';
import { catchUp, type OpenedIndex, openIndex, type VectorSource } from './index-sync.js';
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
import { type FailedItem, type ItemToPrepare, type PreparedItem, prepareItem } from './prepare-item.js';

/** What a collection is made of; the gallery owns it all. */
export interface CollectionParts {
  readonly row: CollectionRow;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly embedder: Embedder;
  readonly activity: Activity;
  readonly indexPath: string;
  readonly access: 'read' | 'write';
}

const preparedAtOnce = 8;

const roundMs = (ms: number): number => Math.round(ms * 100) / 100;

/** Items that are searched together: their images, rows and vectors, all made by one model. */
export class Collection {
  /** Why the index was built anew when the collection was opened; nothing when its snapshot was used. */
  readonly rebuiltBecause: string | undefined;
  private readonly index: OpenedIndex['index'];
  /** Made when it is first asked for. */
  private exact: ExactIndex | undefined;
  /** Changes of the index since it was opened, and how many of them the snapshot has. */
  private changes: number;
  private savedChanges = 0;
  private readonly oneAtATime = pLimit(1);
  private readonly preparing = pLimit(preparedAtOnce);

  private constructor(
    private readonly parts: CollectionParts,
    opened: OpenedIndex,
    private dataVersion: number,
  ) {
    this.index = opened.index;
    this.rebuiltBecause = opened.rebuiltBecause;
    this.changes = opened.changed ? 1 : 0;
  }

  static async open(parts: CollectionParts): Promise<Collection> {
    const version = parts.catalog.dataVersion();
    const opened = await openIndex(parts.indexPath, sourceOf(parts), parts.access);
    return new Collection(parts, opened, version);
  }

  get name(): string {
    return this.parts.row.name;
  }

  get modelId(): string {
    return this.parts.row.modelId;
  }

  get size(): number {
    return this.parts.catalog.countItems(this.parts.row.id);
  }

  summary(): CollectionSummary {
    const { name, modelId, dimension, createdAt } = this.parts.row;
    return { name, modelId, dimension, items: this.size, createdAt };
  }

  /**
   * Adds each item, or brings the one of its key up to date; one transaction a call.
   * @returns what became of each, in order: a bad image fails alone
   * @throws MedoidError `interrupted` when `signal` is aborted before anything is written
   */
  add(items: readonly NewItem[], signal?: AbortSignal): Promise<AddOutcome[]> {
    return this.parts.activity.run(async () => {
      this.requireWriting();
      const prepared = Promise.all(items.map(item => this.prepareOne(item)));
      return this.commitOne(prepared, signal);
    });
  }

  /** The first half of `add`, for callers that overlap it with the second half of the items before. */
  prepare(item: ItemToPrepare): Promise<PreparedItem | FailedItem> {
    return this.parts.activity.run(() => {
      this.requireWriting();
      return this.prepareOne(item);
    });
  }

  /** The second half of `add`. */
  commit(items: readonly (PreparedItem | FailedItem)[]): Promise<AddOutcome[]> {
    return this.parts.activity.run(() => {
      this.requireWriting();
      return this.commitOne(Promise.resolve(items));
    });
  }

  /** @throws MedoidError of the image's own fault, or `invalid-option` */
  search(
    image: Uint8Array,
    { k, exact = false }: { readonly k: number; readonly exact?: boolean },
  ): Promise<SearchAnswer> {
    return this.parts.activity.run(async () => {
      const { embedder } = this.parts;
      const began = performance.now();
      const pixels = await embedder.decode(image);
      const decoded = performance.now();
      const [query] = await embedder.embedPixels([pixels]);
      const embedded = performance.now();
      const results = this.findNearest(query, k, exact ? 'exact' : 'graph');
      const timingsMs = {
        decode: roundMs(decoded - began),
        embed: roundMs(embedded - decoded),
        search: roundMs(performance.now() - embedded),
      };
      return { results, modelId: this.modelId, timingsMs };
    });
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
      return createThumbnail(await this.parts.images.read(imageSha256), options);
    });
  }

  /** Writes the snapshot of the index, if it is not up to date. @throws MedoidError `invalid-index` */
  save(): Promise<void> {
    return this.parts.activity.run(() => {
      this.requireWriting();
      return this.saveOne();
    });
  }

  /** Like `save`, for the gallery as it closes. */
  saveOne(): Promise<void> {
    return this.oneAtATime(async () => {
      const { changes } = this;
      if (changes === this.savedChanges) return;
      await this.index.save(this.parts.indexPath, this.modelId);
      this.savedChanges = changes;
    });
  }

  private prepareOne(item: ItemToPrepare): Promise<PreparedItem | FailedItem> {
    const { catalog, row } = this.parts;
    return this.preparing(() =>
      prepareItem(item, catalog.findItemByKey(row.id, item.key)?.imageSha256, this.parts),
    );
  }

  /** In the order of the calls, however long each one's preparation takes. */
  private commitOne(
    prepared: Promise<readonly (PreparedItem | FailedItem)[]>,
    signal?: AbortSignal,
  ): Promise<AddOutcome[]> {
    // Awaited below, when the turn comes; a failure before that is not an unhandled one.
    prepared.catch(() => undefined);
    return this.oneAtATime(async () => {
      const target = { catalog: this.parts.catalog, collectionId: this.parts.row.id };
      const items = await prepared;
      throwIfAborted(signal);
      const plans = await planItems(items, target, this.parts);
      throwIfAborted(signal);
      // From here to the end without a pause: a search never sees the catalog and the index apart.
      const { outcomes, changes } = writePlans(plans, target);
      for (const index of this.indexes()) {
        index.add(changes.add);
        index.remove(changes.remove);
      }
      this.changes += changes.add.length + changes.remove.length;
      return outcomes;
    });
  }

  private findNearest(query: Float32Array, k: number, by: 'exact' | 'graph'): Neighbour[] {
    return this.parts.catalog.transaction(() => {
      this.refresh();
      if (by === 'exact') this.exact ??= this.buildExact();
      const index = by === 'exact' ? (this.exact as ExactIndex) : this.index;
      return index.search(query, k).map(({ id, distance }) => {
        const row = this.parts.catalog.findItemByVector(id) as ItemRow;
        return { item: toItem(row), distance };
      });
    });
  }

  private buildExact(): ExactIndex {
    const index = new ExactIndex(this.parts.row.dimension);
    catchUp(index, sourceOf(this.parts));
    return index;
  }

  /** Follows what another process has written. */
  private refresh(): void {
    const version = this.parts.catalog.dataVersion();
    if (version === this.dataVersion) return;
    for (const index of this.indexes()) catchUp(index, sourceOf(this.parts));
    this.dataVersion = version;
  }

  private indexes() {
    return this.exact === undefined ? [this.index] : [this.index, this.exact];
  }

  private requireWriting(): void {
    if (this.parts.access === 'write') return;
    throw new MedoidError('method-not-allowed', 'the gallery is open for reading; open it for writing');
  }
}

const sourceOf = ({ catalog, row }: CollectionParts): VectorSource => ({
  catalog,
  collectionId: row.id,
  modelId: row.modelId,
  dimension: row.dimension,
});

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request; nothing was written');
}
