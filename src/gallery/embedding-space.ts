import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import type { ItemWhere } from '../catalog/item-where.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { createTurns } from '../take-turns.js';
import { ExactIndex } from '../vector-index/exact.js';
import type { HnswIndex } from '../vector-index/hnsw.js';
import { createActivity } from './activity.js';
import type { IndexChanges } from './add-items.js';
import type { EmbedderLease } from './embedder-pool.js';
import { createFilterCache, type FilterCache } from './filter-cache.js';
import { FollowedIndex } from './followed-index.js';
import { type OpenedIndex, openIndex } from './index-sync.js';
import { measureSimilarityScale, type SimilarityScale } from './similarity-scale.js';

export interface SpaceParts {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
  readonly lease: EmbedderLease;
  /** Of the snapshot. */
  readonly indexPath: string;
  readonly access: 'read' | 'write';
}

/** A snapshot is written again after so many changes, or after a tenth of the size where that is more. */
const leastChangesToSave = 1000;
const shareToSave = 0.1;

/** What one model makes of a collection: its vectors in the catalog, the indexes of them, and the model itself. */
export class EmbeddingSpace {
  /** Why the index was built anew when the space was opened; nothing when its snapshot was used. */
  readonly rebuiltBecause: string | undefined;
  private readonly followedGraph: FollowedIndex<HnswIndex>;
  private followedExact: FollowedIndex<ExactIndex> | undefined;
  private makingExact: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  /** Changes of the graph since it was opened, how many of them the snapshot has, and how many when it was last due. */
  private changes: number;
  private savedChanges = 0;
  private attemptedChanges = 0;
  private readonly filtered: FilterCache;
  private scale: { readonly size: number; readonly scale: SimilarityScale } | undefined;
  private readonly saving = pLimit(1);
  private readonly uses = createActivity();
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly parts: SpaceParts,
    opened: OpenedIndex,
    private dataVersion: number,
  ) {
    this.filtered = createFilterCache(() => parts.catalog.changeStamp());
    this.followedGraph = new FollowedIndex(opened.index, parts);
    this.rebuiltBecause = opened.rebuiltBecause;
    this.changes = opened.changed ? 1 : 0;
  }

  /** Brings the snapshot up to date with the catalog, or builds the graph anew. */
  static async open(parts: SpaceParts): Promise<EmbeddingSpace> {
    const version = parts.catalog.dataVersion();
    return new EmbeddingSpace(parts, await openIndex(parts.indexPath, parts, parts.access), version);
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

  get graph(): HnswIndex {
    return this.followedGraph.index;
  }

  get hasExact(): boolean {
    return this.followedExact !== undefined;
  }

  /** Compares with every vector. To be called only once `makeExact` has made it. */
  exact(): ExactIndex {
    if (this.followedExact !== undefined) return this.followedExact.index;
    throw new Error(`the exact index of set ${this.setId} has not been made`);
  }

  /** In turns; at once when it has been made before. */
  makeExact(): Promise<void> {
    if (this.hasExact) return Promise.resolve();
    this.makingExact ??= this.buildExact().finally(() => {
      this.makingExact = undefined;
    });
    return this.makingExact;
  }

  /**
   * Follows what others have written, in turns, so that `refresh` finds little left to do. Who needs the exact index
   * makes it first.
   */
  follow(): Promise<void> {
    if (!this.mayBeBehind() || this.parts.catalog.sets.find(this.setId) === undefined)
      return Promise.resolve();
    this.following ??= this.followInTurns().finally(() => {
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

  /** Makes the indexes hold exactly what the catalog has. */
  catchUp(): void {
    this.changes += this.followedGraph.catchUp();
    this.followedExact?.catchUp();
  }

  /** What this process has written of the set. */
  apply(changes: IndexChanges): void {
    this.followedGraph.apply(changes);
    this.followedExact?.apply(changes);
    this.changes += changes.add.length + changes.remove.length;
  }

  /** Of the items that a condition holds for. */
  vectorIdsWhere(where: ItemWhere): number[] {
    return this.parts.catalog.sets.vectorIdsWhere(this.setId, where);
  }

  /** The same as a set, which is kept as long as nothing is written. */
  vectorIdsOf(where: ItemWhere): ReadonlySet<number> {
    return this.filtered.find(where, () => this.vectorIdsWhere(where));
  }

  /** Nothing when the item is not in the set. */
  vectorIdOf(itemId: number): number | undefined {
    return this.parts.catalog.sets.findVectorId(this.setId, itemId);
  }

  /** What distances mean here; nothing while there are too few vectors to say. Taken anew as the set grows. */
  similarityScale(): SimilarityScale | undefined {
    const { size } = this.graph;
    const { scale, size: measuredAt = 0 } = this.scale ?? {};
    if (scale !== undefined && size <= 2 * measuredAt && 2 * size >= measuredAt) return scale;
    const measured = measureSimilarityScale(this.graph, { seed: this.setId });
    this.scale = measured && { size, scale: measured };
    return measured;
  }

  /** [dimension]; nothing when the item is not in the set. */
  embeddingOf(itemId: number): Float32Array | undefined {
    return this.parts.catalog.sets.findItemEmbedding(this.parts.set, itemId);
  }

  /** Once for each time that enough has changed. */
  isSaveDue(): boolean {
    const due = Math.max(leastChangesToSave, shareToSave * this.graph.size);
    if (this.changes - this.attemptedChanges <= due) return false;
    this.attemptedChanges = this.changes;
    return true;
  }

  /** Writes the snapshot, if it is not up to date. @throws MedoidError `invalid-index` */
  save(): Promise<void> {
    return this.saving(async () => {
      if (this.changes === this.savedChanges) return;
      await this.graph.compact(createTurns());
      // What is written is the graph as it is now, whatever is added meanwhile.
      const { changes } = this;
      await this.graph.save(this.parts.indexPath, this.modelId);
      this.savedChanges = changes;
      this.attemptedChanges = Math.max(this.attemptedChanges, changes);
    });
  }

  /** Waits for the uses under way, and lets go of the model. */
  close(): Promise<void> {
    this.closing ??= this.uses.close().then(() => this.parts.lease.release());
    return this.closing;
  }

  /** Once another space has taken its place, what this process writes goes to that one only. */
  private mayBeBehind(): boolean {
    return this.closing !== undefined || this.parts.catalog.dataVersion() !== this.dataVersion;
  }

  private async followInTurns(): Promise<void> {
    const takeTurn = createTurns();
    this.changes += await this.followedGraph.follow(takeTurn);
    await this.followedExact?.follow(takeTurn);
  }

  private async buildExact(): Promise<void> {
    const exact = new FollowedIndex(new ExactIndex(this.dimension), this.parts);
    await exact.follow(createTurns());
    exact.catchUp();
    this.followedExact = exact;
  }
}
