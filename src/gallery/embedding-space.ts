import type { Catalog } from '../catalog/catalog.js';
import type { ItemWhere } from '../catalog/item-where.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { createTurns } from '../take-turns.js';
import type { ExactIndex } from '../vector-index/exact.js';
import type { HnswIndex } from '../vector-index/hnsw.js';
import { createActivity } from './activity.js';
import type { IndexChanges } from './add-items.js';
import type { EmbedderLease } from './embedder-pool.js';
import { createFilterCache, type FilterCache } from './filter-cache.js';
import { FollowedSet } from './followed-set.js';
import { GraphCache } from './graph-cache.js';
import { createLabelLookups, type LabelLookup } from './label-lookup.js';
import type { Notify } from './notice.js';
import { measureSimilarityScale, type SimilarityScale } from './similarity-scale.js';

export interface SpaceParts {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
  readonly lease: EmbedderLease;
  /** Of the snapshot. */
  readonly indexPath: string;
  readonly access: 'read' | 'write';
  /** Changes after which a snapshot is written again, or a tenth of the size where that is more. */
  readonly snapshotAfter: number;
  readonly notify: Notify;
}

/** What one model makes of a collection: its vectors in the catalog and in memory, a graph of them, and the model itself. */
export class EmbeddingSpace {
  private following: Promise<void> | undefined;
  private readonly filtered: FilterCache;
  /** Makes a lookup, to be used within the transaction that it is made in. */
  readonly labelLookup: () => LabelLookup;
  private scale: { readonly size: number; readonly scale: SimilarityScale } | undefined;
  private readonly uses = createActivity();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly parts: SpaceParts,
    private readonly followed: FollowedSet,
    private readonly cache: GraphCache,
    private dataVersion: number,
  ) {
    const stamp = (): string => parts.catalog.changeStamp();
    this.filtered = createFilterCache(stamp);
    this.labelLookup = createLabelLookups(parts.catalog.sets, { setId: parts.set.id, stamp });
  }

  /** May be searched at once, by comparison with every vector until the graph is there. */
  static async open(parts: SpaceParts): Promise<EmbeddingSpace> {
    const { catalog, set } = parts;
    const version = catalog.dataVersion();
    let cache: GraphCache | undefined;
    const followed = new FollowedSet({ ...parts, onChange: changes => cache?.apply(changes) });
    await followed.follow(createTurns());
    followed.catchUp();
    cache = new GraphCache({
      ...parts,
      vectors: followed.vectors,
      modelId: set.modelId,
      lastVectorId: catalog.sets.lastVectorId(),
      path: parts.indexPath,
    });
    return new EmbeddingSpace(parts, followed, cache, version);
  }

  /** Why the graph is built anew, or was when the space was opened; nothing when its snapshot is used. */
  rebuiltBecause(): Promise<string | undefined> {
    return this.cache.rebuiltBecause;
  }

  get set(): EmbeddingSetRow {
    return this.parts.set;
  }

  get setId(): number {
    return this.parts.set.id;
  }

  get modelId(): string {
    return this.parts.set.modelId;
  }

  get dimension(): number {
    return this.parts.set.dimension;
  }

  get embedder(): Embedder {
    return this.parts.lease.embedder;
  }

  /** Keeps the space open as long as the work lasts. */
  use<T>(work: (space: EmbeddingSpace) => Promise<T>): Promise<T> {
    return this.uses.run(() => work(this));
  }

  /** Finds the nearest without comparing with every vector; nothing while it is being made. */
  get graph(): HnswIndex | undefined {
    return this.cache.graph;
  }

  /** Compares with every vector. */
  get exact(): ExactIndex {
    return this.followed.vectors;
  }

  /** The graph, once it is there. @throws MedoidError `interrupted` when the space is closed before that, or why there is none */
  indexed(): Promise<HnswIndex> {
    return this.cache.ready;
  }

  /**
   * Follows what others have written, in turns, so that `refresh` finds little left to do.
   */
  follow(): Promise<void> {
    if (!this.mayBeBehind() || this.parts.catalog.sets.find(this.setId) === undefined)
      return Promise.resolve();
    this.following ??= this.followed.follow(createTurns()).finally(() => {
      this.following = undefined;
    });
    return this.following;
  }

  /**
   * Follows what others have written. To be called within the transaction that reads what is found.
   * @throws MedoidError `not-found` when the set has been removed
   */
  refresh(): void {
    if (!this.mayBeBehind()) return;
    const { catalog } = this.parts;
    const version = catalog.dataVersion();
    if (catalog.sets.find(this.setId) === undefined) {
      throw new MedoidError('not-found', `the vectors of ${this.modelId} have been removed`);
    }
    this.catchUp();
    this.dataVersion = version;
  }

  /** Has in memory exactly what the catalog has. */
  catchUp(): void {
    this.followed.catchUp();
  }

  /** What this process has written of the set. */
  apply(changes: IndexChanges): void {
    this.followed.apply(changes);
  }

  /** Of the items that a condition holds for; kept as long as nothing is written. */
  vectorIdsOf(where: ItemWhere): ReadonlySet<number> {
    return this.filtered.find(where, () => this.parts.catalog.sets.vectorIdsWhere(this.setId, where));
  }

  /** Nothing when the item is not in the set. */
  vectorIdOf(itemId: number): number | undefined {
    return this.parts.catalog.sets.findVectorId(this.setId, itemId);
  }

  /** What distances mean here; nothing while there are too few vectors to say. Taken anew as the set grows. */
  similarityScale(): SimilarityScale | undefined {
    const { size } = this.exact;
    const { scale, size: measuredAt = 0 } = this.scale ?? {};
    if (scale !== undefined && size <= 2 * measuredAt && 2 * size >= measuredAt) return scale;
    const measured = measureSimilarityScale(this.exact, { seed: this.setId });
    this.scale = measured && { size, scale: measured };
    return measured;
  }

  /** [dimension]; nothing when the item is not in the set. */
  embeddingOf(itemId: number): Float32Array | undefined {
    return this.parts.catalog.sets.findItemEmbedding(this.parts.set, itemId);
  }

  /** Once for each time that enough has changed. */
  isSaveDue(): boolean {
    return this.cache.isSaveDue();
  }

  /**
   * Writes the snapshot, once the graph is there, if it is not up to date.
   * @param signal ends the wait for the graph
   * @throws MedoidError `invalid-index`, `interrupted`
   */
  save(signal?: AbortSignal): Promise<void> {
    return this.cache.save(signal);
  }

  /** Has whatever takes long end soon, for closing. */
  hurry(): void {
    this.cache.hurry();
  }

  /** Waits for the uses under way, and lets go of the model. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.hurry();
    await this.uses.close();
    await this.cache.close();
    await this.parts.lease.release();
  }

  /** Once another space has taken its place, what this process writes goes to that one only. */
  private mayBeBehind(): boolean {
    return this.closing !== undefined || this.parts.catalog.dataVersion() !== this.dataVersion;
  }
}
