import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import { MedoidError, messageOf } from '../errors.js';
import type { ImageLimits } from '../images/limits.js';
import type { ActiveSpace } from './active-space.js';
import { type IndexChanges, planItems, writePlans } from './add-items.js';
import type { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import { type AddOutcome, type Item, mostMetadataBytes, toItem } from './item.js';
import { mergePatch } from './merge-patch.js';
import type { Notify } from './notice.js';
import type { OnlineClusters } from './online-clusters/online-clusters.js';
import { prepareAll, releaseItems } from './prepare-all.js';
import {
  type FailedItem,
  type ItemPatch,
  type ItemToPrepare,
  type PreparationTools,
  type PreparedItem,
  parsePatch,
  prepareItem,
} from './prepare-item.js';
import type { Reserve } from './reserve.js';
import { stopIfAborted } from './stop-if-aborted.js';

export interface WriterParts {
  readonly collectionId: number;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly space: ActiveSpace;
  readonly clusters: OnlineClusters;
  /** Told when so much has changed that the clusters are to be consolidated. */
  readonly onClustersDue: () => void;
  readonly limits: ImageLimits;
  readonly notify: Notify;
  /** Removes the files of images that items let go of. */
  readonly sweepImages: () => Promise<void>;
  readonly reserve: Reserve;
}

export interface CommitOptions {
  /** Nothing is written once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Writes what is to be kept together with the items, or not at all. */
  readonly alongside?: ((outcomes: readonly AddOutcome[]) => void) | undefined;
}

const preparedAtOnce = 8;

/** Changes a collection: one call after the other, each in one transaction, and its indexes with it. */
export class CollectionWriter {
  private readonly oneAtATime = pLimit(1);
  private readonly commitsInOrder = pLimit(1);
  private readonly preparing = pLimit(preparedAtOnce);

  constructor(private readonly parts: WriterParts) {}

  /** @throws MedoidError `interrupted` when `signal` is aborted before the image is decoded */
  prepare(item: ItemToPrepare, signal?: AbortSignal): Promise<PreparedItem | FailedItem> {
    const { catalog, collectionId, space } = this.parts;
    return this.preparing(() => {
      stopIfAborted(signal);
      return space.use(current => {
        const known = catalog.findItemByKey(collectionId, item.key)?.imageSha256;
        return prepareItem(item, known, this.toolsOf(current, signal));
      });
    });
  }

  /** Prepares the items and commits them. @throws MedoidError `interrupted` */
  add(items: readonly ItemToPrepare[], signal?: AbortSignal): Promise<AddOutcome[]> {
    return this.commit(prepareAll(items.map(item => this.prepare(item, signal))), { signal });
  }

  /**
   * In the order of its calls, however long each one's preparation takes; other changes do not wait for that. Lets go of
   * the items, whatever becomes of them.
   */
  async commit(
    prepared: Promise<readonly (PreparedItem | FailedItem)[]>,
    { signal, alongside }: CommitOptions = {},
  ): Promise<AddOutcome[]> {
    // Awaited below, when the turn comes; a failure before that is not an unhandled one.
    prepared.catch(() => undefined);
    const outcomes = await this.commitsInOrder(async () => {
      const items = await prepared;
      try {
        return await this.write(items, { signal, alongside });
      } finally {
        await releaseItems(items);
      }
    });
    if (outcomes.some(({ status }) => status === 'replaced')) await this.parts.sweepImages();
    this.tellIfDue();
    return outcomes;
  }

  /** @param ids of the items; those that are not there are passed over @returns ids of the items removed */
  async remove(findIds: () => readonly number[]): Promise<Set<number>> {
    const { catalog, clusters, reserve } = this.parts;
    const removed = await this.exclusively(space => {
      const write = (): Set<number> => {
        // Without a pause: a search never sees the catalog and the index apart.
        const vectorOf = clusters.transaction(() => {
          const ids = findIds();
          clusters.takeOut(ids, space.set);
          return this.removeRows(ids);
        });
        this.apply({ add: [], remove: [...vectorOf.values()] }, space);
        return new Set(vectorOf.keys());
      };
      return reserve.withRoom(write, () => catalog.shrinkLog());
    });
    if (removed.size > 0) await this.parts.sweepImages();
    await reserve.fill();
    this.tellIfDue();
    return removed;
  }

  /** @returns ids of the vectors that went with them, by the items' */
  private removeRows(ids: readonly number[]): Map<number, number> {
    const { catalog, collectionId } = this.parts;
    const removed = new Map<number, number>();
    for (const id of ids) {
      const vectorId = catalog.removeItem(collectionId, id);
      if (vectorId !== undefined) removed.set(id, vectorId);
    }
    return removed;
  }

  /** @throws MedoidError `not-found` or `invalid-request` */
  update(id: number, patch: ItemPatch): Promise<Item> {
    const { catalog, collectionId } = this.parts;
    return this.exclusively(async () => {
      const row = catalog.findItem(collectionId, id);
      if (row === undefined) throw new MedoidError('not-found', `the collection has no item ${id}`);
      const { label = row.label, metadata: change = {} } = parsePatch(patch);
      const metadata = mergePatch(row.metadata, change);
      requireShort(metadata);
      return toItem(catalog.updateItem(collectionId, id, { label, metadata }));
    });
  }

  /** While the work lasts nothing else is written, and no other space takes the place of the one it is given. */
  exclusively<T>(work: (space: EmbeddingSpace) => Promise<T>): Promise<T> {
    return this.oneAtATime(() => this.parts.space.use(work));
  }

  private write(
    items: readonly (PreparedItem | FailedItem)[],
    { signal, alongside }: CommitOptions,
  ): Promise<AddOutcome[]> {
    return this.exclusively(async space => {
      stopIfAborted(signal);
      const plans = await planItems(items, this.parts, this.toolsOf(space, signal));
      stopIfAborted(signal);
      // From here to the end without a pause: a search never sees the catalog and the index apart.
      const { outcomes, changes } = this.parts.clusters.transaction(() => {
        const written = writePlans(plans, { ...this.parts, set: space.set });
        alongside?.(written.outcomes);
        return written;
      });
      this.apply(changes, space);
      return outcomes;
    });
  }

  private tellIfDue(): void {
    if (this.parts.clusters.isDue()) this.parts.onClustersDue();
  }

  private toolsOf({ embedder }: EmbeddingSpace, signal: AbortSignal | undefined): PreparationTools {
    const { images, limits } = this.parts;
    return { embedder, images, limits, signal };
  }

  /** Has the indexes follow, and saves the snapshot if it is far behind. */
  private apply(changes: IndexChanges, space: EmbeddingSpace): void {
    space.apply(changes);
    if (!space.isSaveDue()) return;
    space
      .use(() => space.save())
      .catch(error => {
        this.parts.notify(`the index could not be saved: ${messageOf(error)}`, error);
      });
  }
}

/** Patches may each be short and come to more and more. */
function requireShort(metadata: Record<string, unknown>): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes <= mostMetadataBytes) return;
  throw new MedoidError(
    'invalid-request',
    `metadata: expected at most ${mostMetadataBytes} bytes of JSON with what is there, got ${bytes}`,
    { field: 'metadata' },
  );
}
