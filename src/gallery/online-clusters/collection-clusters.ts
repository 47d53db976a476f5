import type { Catalog } from '../../catalog/catalog.js';
import type { ClusteringRow } from '../../catalog/cluster-rows.js';
import { MedoidError } from '../../errors.js';
import { createTurns } from '../../take-turns.js';
import type { ActiveSpace } from '../active-space.js';
import type { Activity } from '../activity.js';
import type { CollectionWriter } from '../collection-writer.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { requireWriting } from '../require-writing.js';
import { type ClusterChange, ClusterEditor } from './cluster-editor.js';
import {
  type ClusterPage,
  ClusterReader,
  type ClusterSummary,
  type EventPage,
  type MemberPage,
} from './cluster-reader.js';
import {
  type ClusteringSettingsInput,
  type ClusteringSummary,
  clusteringSettingsSchema,
  costUntilMeasured,
} from './clustering-settings.js';
import type { OnlineClusters } from './online-clusters.js';

export interface CollectionClustersParts {
  readonly catalog: Catalog;
  readonly collectionId: number;
  readonly space: ActiveSpace;
  readonly writer: CollectionWriter;
  readonly online: OnlineClusters;
  readonly activity: Activity;
  readonly access: 'read' | 'write';
}

interface Page {
  readonly after: number;
  readonly limit: number;
}

/** The clusters that the items of a collection join as they come. */
export class CollectionClusters {
  constructor(private readonly parts: CollectionClustersParts) {}

  /** @throws MedoidError `not-found` where items join none */
  summary(): ClusteringSummary {
    const { catalog, collectionId } = this.parts;
    const row = this.require();
    const items = catalog.clusterings.members.countOfCollection(collectionId);
    return {
      facilityCost: row.askedCost ?? 'auto',
      currentCost: row.facilityCost,
      seed: row.seed,
      consolidateAfter: row.consolidateAfter,
      clusters: catalog.clusterings.countOpen(row.id),
      items,
      unplaced: catalog.countItems(collectionId) - items,
      changes: row.changes,
      consolidatedAt: row.consolidatedAt,
      createdAt: row.createdAt,
    };
  }

  /**
   * From now on, items join clusters as they come; or they go on to with other settings. Those that are there already join
   * some by a job, which whoever calls is to start.
   */
  configure(input: ClusteringSettingsInput): Promise<ClusteringSummary> {
    const { facilityCost, ...settings } = clusteringSettingsSchema.parse(input);
    return this.write(async () => {
      const { catalog, collectionId } = this.parts;
      const before = catalog.clusterings.find(collectionId);
      const askedCost = facilityCost === 'auto' ? null : facilityCost;
      const measured = before?.askedCost === null ? before.facilityCost : costUntilMeasured;
      const columns = { ...settings, askedCost, facilityCost: askedCost ?? measured };
      catalog.transaction(() => {
        // A consolidation under way begins anew.
        catalog.clusterings.countEdit(catalog.clusterings.save(collectionId, columns).id);
      });
      return this.summary();
    });
  }

  /** With all clusters and their history. @throws MedoidError `not-found` */
  forget(): Promise<void> {
    return this.write(async () => {
      const { catalog, collectionId, online } = this.parts;
      if (!catalog.clusterings.remove(collectionId)) throw notClustered();
      online.forget();
    });
  }

  /** Those that have items: by ascending id, or the largest first. @throws MedoidError `not-found`, `interrupted` */
  list(listing: Page & { readonly order: 'id' | 'size' }, signal?: AbortSignal): Promise<ClusterPage> {
    return this.read(reader => reader.list(listing, createTurns(signal)));
  }

  /** A cluster, whatever has become of it, with its items, the nearest first. @throws MedoidError likewise */
  listMembers(id: number, page: Page, signal?: AbortSignal): Promise<MemberPage> {
    return this.read(reader => reader.listMembers(id, page, createTurns(signal)));
  }

  /** What has become of a cluster, in order. @throws MedoidError likewise */
  listEvents(id: number, page: Page): Promise<EventPage> {
    return this.read(async reader => reader.listEvents(id, page));
  }

  /** The one that an item is in. @throws MedoidError `not-found`, also of an item that a job is still to place */
  findOfItem(itemId: number, signal?: AbortSignal): Promise<ClusterSummary> {
    return this.read(async reader => {
      const { catalog, collectionId } = this.parts;
      const item = catalog.findItem(collectionId, itemId);
      const member = item && catalog.clusterings.members.find(itemId);
      if (member === undefined) throw new MedoidError('not-found', `item ${itemId} is in no cluster`);
      return reader.describeOne(member.clusterId, createTurns(signal));
    });
  }

  /** @throws MedoidError `not-found`, `conflict` of one that is not open any more, or `invalid-request` */
  update(id: number, change: ClusterChange): Promise<ClusterSummary> {
    return this.edit(async editor => {
      editor.update(id, change);
      return id;
    });
  }

  /** @throws MedoidError likewise */
  merge(id: number, others: readonly number[]): Promise<ClusterSummary> {
    return this.edit(async editor => {
      editor.merge(id, others);
      return id;
    });
  }

  /** @returns the new cluster @throws MedoidError likewise */
  split(id: number, itemIds: readonly number[] | undefined, signal?: AbortSignal): Promise<ClusterSummary> {
    return this.edit(editor => editor.split(id, itemIds, signal));
  }

  /** @throws MedoidError likewise */
  moveItems(id: number, itemIds: readonly number[]): Promise<ClusterSummary> {
    return this.edit(async editor => {
      editor.moveItems(id, itemIds);
      return id;
    });
  }

  private require(): ClusteringRow {
    const row = this.parts.catalog.clusterings.find(this.parts.collectionId);
    if (row === undefined) throw notClustered();
    return row;
  }

  private read<T>(work: (reader: ClusterReader) => Promise<T>): Promise<T> {
    const { activity, space, catalog } = this.parts;
    return activity.run(() => space.use(({ set }) => work(new ClusterReader(catalog, this.require(), set))));
  }

  private write<T>(work: (space: EmbeddingSpace) => Promise<T>): Promise<T> {
    const { activity, writer, access } = this.parts;
    return activity.run(async () => {
      requireWriting(access);
      return writer.exclusively(work);
    });
  }

  /** @param work answers the id of the cluster to be told of */
  private async edit(work: (editor: ClusterEditor) => Promise<number>): Promise<ClusterSummary> {
    const { catalog, online } = this.parts;
    const id = await this.write(({ set }) =>
      work(new ClusterEditor({ catalog, online, clustering: this.require(), set })),
    );
    return this.read(reader => reader.describeOne(id, createTurns()));
  }
}

const notClustered = (): MedoidError =>
  new MedoidError('not-found', 'the items of the collection join no clusters: PUT …/clustering begins it');
