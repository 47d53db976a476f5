import type { Catalog } from '../catalog/catalog.js';
import type { ItemWhere } from '../catalog/item-where.js';
import type { CollectionRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import { type ReencodeOptions, reencodeImage } from '../images/decode.js';
import type { ImageLimits } from '../images/limits.js';
import { createTurns } from '../take-turns.js';
import type { ActiveSpace } from './active-space.js';
import type { Activity } from './activity.js';
import { answerQuestion } from './answer-question.js';
import type { BoundedWork } from './bounded-work.js';
import { CollectionClustering } from './clustering/collection-clustering.js';
import type { CollectionWriter } from './collection-writer.js';
import { CollectionDuplicates } from './duplicates/collection-duplicates.js';
import type { DuplicatesFound } from './duplicates/duplicate-group.js';
import { type DuplicateSearch, findDuplicates } from './duplicates/find-duplicates.js';
import type { ImageStore } from './image-store.js';
import {
  type AddOutcome,
  type CollectionSummary,
  type Item,
  type ItemListing,
  type ItemPage,
  type NewItem,
  type Removal,
  toItem,
  toSummary,
} from './item.js';
import type { CollectionClusters } from './online-clusters/collection-clusters.js';
import type { FailedItem, ItemPatch, ItemToPrepare, PreparedItem } from './prepare-item.js';
import { probeRecall } from './probe-recall.js';
import { readStoredImage } from './read-stored-image.js';
import { requireWriting } from './require-writing.js';
import {
  type SearchAnswer,
  type SearchOptions,
  type SearchQuestion,
  searchOptionsSchema,
} from './search-question.js';
import { type StagedImage, stageImage } from './stage-image.js';
import { stopIfAborted } from './stop-if-aborted.js';

/** What a collection is made of; the gallery owns it all. */
export interface CollectionParts {
  readonly row: Pick<CollectionRow, 'id' | 'name'>;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly space: ActiveSpace;
  readonly writer: CollectionWriter;
  readonly clusters: CollectionClusters;
  readonly activity: Activity;
  /** Pictures to show, of all collections. */
  readonly rendering: BoundedWork;
  readonly access: 'read' | 'write';
  readonly limits: ImageLimits;
}

interface StoredImage {
  readonly bytes: Buffer;
  readonly item: Item;
}

/** Items that are searched together: their images, rows and vectors. */
export class Collection {
  readonly clustering: CollectionClustering;
  /** What was found and decided of items that show the same. */
  readonly duplicates: CollectionDuplicates;

  constructor(private readonly parts: CollectionParts) {
    this.clustering = new CollectionClustering(parts);
    this.duplicates = new CollectionDuplicates(parts);
  }

  /** Why the index is built anew, or was when the collection was opened; nothing when its snapshot is used. */
  rebuiltBecause(): Promise<string | undefined> {
    return this.parts.space.current.rebuiltBecause();
  }

  get name(): string {
    return this.parts.row.name;
  }

  get modelId(): string {
    return this.parts.space.current.modelId;
  }

  /** That its items join as they come, if it has any. */
  get clusters(): CollectionClusters {
    return this.parts.clusters;
  }

  get size(): number {
    return this.parts.catalog.countItems(this.parts.row.id);
  }

  summary(): CollectionSummary {
    const row = this.parts.catalog.findCollection(this.name);
    if (row !== undefined && row.id === this.parts.row.id) return toSummary(row);
    throw new MedoidError('not-found', `the collection ${this.name} has been removed`);
  }

  /**
   * Adds each item, or brings the one of its key up to date; one transaction a call.
   * @returns what became of each, in order: a bad image fails alone
   * @throws MedoidError `interrupted` when `signal` is aborted before anything is written
   */
  add(items: readonly NewItem[], signal?: AbortSignal): Promise<AddOutcome[]> {
    return this.write(() => this.parts.writer.add(items, signal));
  }

  /** All of them in one transaction. @returns how many, and the ids that there are no items of */
  removeItems(ids: readonly number[]): Promise<Removal<number>> {
    return this.write(async () => {
      const removed = await this.parts.writer.remove(() => ids);
      return { removed: removed.size, unknown: [...new Set(ids)].filter(id => !removed.has(id)) };
    });
  }

  /** As `removeItems`. */
  removeByKeys(keys: readonly string[]): Promise<Removal<string>> {
    return this.write(async () => {
      const unknown: string[] = [];
      const removed = await this.parts.writer.remove(() =>
        [...new Set(keys)].flatMap(key => {
          const id = this.parts.catalog.findItemId(this.parts.row.id, key);
          if (id === undefined) unknown.push(key);
          return id ?? [];
        }),
      );
      return { removed: removed.size, unknown };
    });
  }

  /** Every item that the condition holds for, in one transaction. */
  removeMatching(where: ItemWhere): Promise<Removal<never>> {
    return this.write(async () => {
      const removed = await this.parts.writer.remove(() =>
        this.parts.catalog.itemIdsWhere(this.parts.row.id, where),
      );
      return { removed: removed.size, unknown: [] };
    });
  }

  /**
   * Says something else of an item: its label, and what the patch names of its metadata.
   * @throws MedoidError `not-found` or `invalid-request`
   */
  updateItem(id: number, patch: ItemPatch): Promise<Item> {
    return this.write(() => this.parts.writer.update(id, patch));
  }

  /** Puts an image into the store for items to come, where it stays until it is released. */
  stageImage(image: Uint8Array): Promise<StagedImage> {
    return this.write(() => stageImage(image, this.parts));
  }

  /** The first half of `add`, for callers that overlap it with the second half of the items before. */
  prepare(item: ItemToPrepare): Promise<PreparedItem | FailedItem> {
    return this.write(() => this.parts.writer.prepare(item));
  }

  /** The second half of `add`. */
  commit(items: readonly (PreparedItem | FailedItem)[]): Promise<AddOutcome[]> {
    return this.write(() => this.parts.writer.commit(Promise.resolve(items)));
  }

  /**
   * @param signal drops what has not begun once it is aborted
   * @throws MedoidError as `answerQuestion`
   */
  search(question: SearchQuestion, signal?: AbortSignal): Promise<SearchAnswer> {
    const tools = { ...this.parts, collectionId: this.parts.row.id, signal };
    return this.parts.activity.run(() =>
      this.parts.space.use(space => answerQuestion(space, question, tools)),
    );
  }

  searchByImage(image: Uint8Array, options: Partial<SearchOptions> = {}): Promise<SearchAnswer> {
    return this.search({
      queries: [{ image: async () => image }],
      options: { ...searchOptionsSchema.parse({}), ...options },
    });
  }

  /** Measures what the first search would have to wait for. */
  warmUp(): Promise<void> {
    return this.parts.activity.run(() =>
      this.parts.space.use(async space => {
        space.similarityScale();
      }),
    );
  }

  /**
   * Once the index is there: until then searches compare with every vector.
   * @throws MedoidError `interrupted` when the gallery is closed before that, or why there is none
   */
  async indexed(): Promise<void> {
    await this.parts.space.current.indexed();
  }

  /** Share of the exact 10 nearest that the graph finds, once it is there, of stored vectors drawn at random. */
  async probeRecall({
    seed,
    signal,
  }: {
    readonly seed: number;
    readonly signal?: AbortSignal;
  }): Promise<number | undefined> {
    // Nobody who closes what is open is to wait for it.
    await this.indexed();
    return this.parts.activity.run(() =>
      this.parts.space.use(async space => {
        const { graph, exact } = space;
        return graph && probeRecall({ graph, exact, seed, takeTurn: createTurns(signal) });
      }),
    );
  }

  /** Groups of items that show the same, once the index is there. @throws MedoidError `interrupted` */
  findDuplicates(search: DuplicateSearch): Promise<DuplicatesFound> {
    return this.parts.activity.run(() =>
      this.parts.space.use(space => findDuplicates(space, this.parts, search)),
    );
  }

  /** @throws MedoidError `not-found` */
  getItem(id: number): Item {
    const item = this.findItem(id);
    if (item === undefined) throw new MedoidError('not-found', `${this.name} has no item ${id}`);
    return item;
  }

  findItem(id: number): Item | undefined {
    const row = this.parts.catalog.findItem(this.parts.row.id, id);
    return row && toItem(row);
  }

  findItemByKey(key: string): Item | undefined {
    const row = this.parts.catalog.findItemByKey(this.parts.row.id, key);
    return row && toItem(row);
  }

  /**
   * By ascending id, from the first one above `afterId`, which need not exist; only those that the condition holds for,
   * if there is one.
   */
  listItems({ afterId = 0, limit, where }: ItemListing): ItemPage {
    const rows = this.parts.catalog.listItems(this.parts.row.id, { afterId, limit: limit + 1, where });
    const items = rows.slice(0, limit).map(toItem);
    return { items, next: rows.length > limit ? items[limit - 1].id : null };
  }

  /** @throws MedoidError `not-found`, or `invalid-gallery` when the copy is missing or damaged */
  readImage(id: number): Promise<StoredImage> {
    return this.parts.activity.run(() => this.readStored(id));
  }

  /** A copy to show. @throws MedoidError as `readImage`, or `overloaded` when too many wait for theirs */
  renderImage(id: number, options: ReencodeOptions, signal?: AbortSignal): Promise<Buffer> {
    const { activity, rendering, limits } = this.parts;
    return activity.run(() =>
      // The original is read when its turn comes, not while it waits.
      rendering(async () => {
        stopIfAborted(signal);
        return reencodeImage((await this.readStored(id)).bytes, options, limits);
      }),
    );
  }

  /**
   * Writes the snapshot of the index, once that is there, if it is not up to date.
   * @param signal ends the wait for the index
   * @throws MedoidError `invalid-index`, `interrupted`
   */
  save(signal?: AbortSignal): Promise<void> {
    return this.write(() => this.parts.space.use(space => space.save(signal)));
  }

  private readStored(id: number): Promise<StoredImage> {
    return readStoredImage(() => this.getItem(id), this.parts.images);
  }

  /** @throws MedoidError `read-only` */
  requireWriting(): void {
    requireWriting(this.parts.access);
  }

  private write<T>(work: () => Promise<T>): Promise<T> {
    return this.parts.activity.run(() => {
      this.requireWriting();
      return work();
    });
  }
}
