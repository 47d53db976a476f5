import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import type { ImageLimits } from '../images/limits.js';
import { ActiveSpace } from './active-space.js';
import { type Activity, createActivity } from './activity.js';
import { type BoundedWork, createBoundedWork } from './bounded-work.js';
import { Collection } from './collection.js';
import { CollectionWriter } from './collection-writer.js';
import type { EmbedderPool } from './embedder-pool.js';
import { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import { indexPath } from './index-files.js';
import type { Notify } from './notice.js';
import { CollectionClusters } from './online-clusters/collection-clusters.js';
import { OnlineClusters } from './online-clusters/online-clusters.js';
import type { Reserve } from './reserve.js';
import { unlessAborted } from './unless-aborted.js';

export interface OpenCollectionsParts {
  /** Of the gallery. */
  readonly directory: string;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly embedders: EmbedderPool;
  readonly activity: Activity;
  readonly access: 'read' | 'write';
  readonly limits: ImageLimits;
  readonly notify: Notify;
  /** Changes of a collection after which a snapshot of its index is written again. */
  readonly snapshotAfter: number;
  readonly sweepImages: () => Promise<void>;
  /** Has the clusters of a collection consolidated, when their turn comes. */
  readonly consolidateClusters: (collection: string) => void;
  readonly reserve: Reserve;
}

/** A collection and what it is made of, for those that work on it from within the gallery. */
export interface OpenedCollection {
  readonly id: number;
  readonly collection: Collection;
  readonly space: ActiveSpace;
  readonly writer: CollectionWriter;
  readonly clusters: OnlineClusters;
  readonly activity: Activity;
}

/** Originals of pictures to show are in memory, one each, while they are made smaller. */
const renderedAtOnce = 2 * availableParallelism();
const mostWaitingToRender = 256;
/** That closing waits for indexes that are being made; one that takes longer is made again when it is opened. */
const graceMs = 1000;

interface Entry {
  readonly id: number;
  readonly opening: Promise<OpenedCollection>;
}

/** The collections that are in use: each is opened once, and again when another has taken its name. */
export class OpenCollections {
  private readonly entries = new Map<string, Entry>();
  private readonly closing = new Set<Promise<void>>();
  /** Ids of collections that are about to be removed. */
  private readonly leaving = new Set<number>();
  private readonly rendering = createBoundedWork({
    atOnce: renderedAtOnce,
    mostWaiting: mostWaitingToRender,
  });

  constructor(private readonly parts: OpenCollectionsParts) {}

  /** @throws MedoidError `not-found`, or what is wrong with its model */
  async open(name: string): Promise<OpenedCollection> {
    const id = this.parts.catalog.findCollectionId(name);
    const entry = this.entries.get(name);
    if (entry !== undefined && entry.id !== id) this.letGo(name, entry);
    if (id === undefined || this.leaving.has(id))
      throw new MedoidError('not-found', `the gallery has no collection ${name}`);
    const opened = await (this.entries.get(name) ?? this.start(name, id)).opening;
    await opened.space.follow();
    return opened;
  }

  /** Nothing while it is being removed. */
  findId(name: string): number | undefined {
    const id = this.parts.catalog.findCollectionId(name);
    return id !== undefined && this.leaving.has(id) ? undefined : id;
  }

  /**
   * Has its jobs stopped, waits for the uses under way, and has the collection removed. From the beginning there is none
   * of that name.
   */
  async remove(
    name: string,
    { stop, remove }: Record<'stop' | 'remove', (id: number) => Promise<void>>,
  ): Promise<void> {
    const id = this.findId(name);
    if (id === undefined) throw new MedoidError('not-found', `the gallery has no collection ${name}`);
    this.leaving.add(id);
    try {
      await stop(id);
      await this.close(name);
      await remove(id);
    } finally {
      this.leaving.delete(id);
    }
  }

  private async close(name: string): Promise<void> {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.entries.delete(name);
    await closeEntry(entry);
  }

  /** Of those that could be opened. Saves the indexes, if `save` says so. */
  async closeAll({ save }: { readonly save: boolean }): Promise<void> {
    await Promise.all(this.closing);
    try {
      if (save) await this.waitForIndexes(AbortSignal.timeout(graceMs));
      const outcomes: PromiseSettledResult<void>[] = [];
      for (const { opening } of this.entries.values()) {
        const opened = await opening.catch(() => undefined);
        const space = opened?.space.current;
        space?.hurry();
        // What cannot be saved of one keeps nobody from saving another.
        if (save && space?.graph !== undefined) outcomes.push(...(await Promise.allSettled([space.save()])));
      }
      const failed = outcomes.find(outcome => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      for (const name of [...this.entries.keys()]) await this.close(name);
    }
  }

  /** For those that are nearly there, so that what was added is in their snapshots; no longer than the signal allows. */
  private async waitForIndexes(signal: AbortSignal): Promise<void> {
    const indexed = [...this.entries.values()].map(async ({ opening }) =>
      (await opening).space.current.indexed(),
    );
    await unlessAborted(Promise.allSettled(indexed), signal).catch(error => {
      if (!signal.aborted) throw error;
    });
  }

  openSpace(set: EmbeddingSetRow): Promise<EmbeddingSpace> {
    return openSpace(set, this.parts);
  }

  private start(name: string, id: number): Entry {
    const entry = { id, opening: openCollection({ ...this.parts, rendering: this.rendering }, { name, id }) };
    this.entries.set(name, entry);
    // One that failed may be tried again.
    entry.opening.catch(() => {
      if (this.entries.get(name) === entry) this.entries.delete(name);
    });
    return entry;
  }

  private letGo(name: string, entry: Entry): void {
    this.entries.delete(name);
    const closing = closeEntry(entry).finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }
}

async function closeEntry({ opening }: Entry): Promise<void> {
  // Whoever opened it has been told why it could not be.
  const opened = await opening.catch(() => undefined);
  await opened?.activity.close();
  await opened?.space.close();
}

async function openSpace(
  set: EmbeddingSetRow,
  { directory, embedders, ...parts }: OpenCollectionsParts,
): Promise<EmbeddingSpace> {
  const lease = await embedders.open(set.modelDirectory, set.modelId);
  try {
    const path = indexPath(join(directory, 'index'), set.id);
    return await EmbeddingSpace.open({ ...parts, set, lease, indexPath: path });
  } catch (error) {
    await lease.release();
    throw error;
  }
}

async function openCollection(
  parts: OpenCollectionsParts & { readonly rendering: BoundedWork },
  { name, id }: { readonly name: string; readonly id: number },
): Promise<OpenedCollection> {
  const { catalog, access } = parts;
  const gone = () => new MedoidError('not-found', `the collection ${name} has been removed`);
  const row = catalog.findCollection(name);
  if (row?.id !== id) throw gone();
  const space = await ActiveSpace.open({
    catalog,
    collectionId: id,
    name,
    access,
    openSpace: set => openSpace(set, parts),
  });
  const own = createActivity(gone);
  const activity: Activity = {
    run: work => parts.activity.run(() => own.run(work)),
    close: () => own.close(),
  };
  const online = new OnlineClusters({ catalog, collectionId: id });
  const onClustersDue = (): void => parts.consolidateClusters(name);
  const ofWriter = { collectionId: id, space, clusters: online, onClustersDue };
  const writer = new CollectionWriter({ ...parts, ...ofWriter });
  const clusters = new CollectionClusters({ ...parts, collectionId: id, space, writer, online, activity });
  const collection = new Collection({ ...parts, row, space, writer, clusters, activity });
  return { id, collection, space, writer, clusters: online, activity };
}
