import type { Catalog } from '../../catalog/catalog.js';
import type { ClusteringRow, FacilityRow } from '../../catalog/cluster-rows.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { loadMedoids } from './medoid-index.js';
import type { OnlineClusters } from './online-clusters.js';
import { planSplit } from './plan-split.js';
import { readVector } from './read-vector.js';

export interface ClusterChange {
  readonly name?: string | null | undefined;
  /** Id of the member that is to stand for it from now on; null: whichever does best. */
  readonly medoid?: number | null | undefined;
  /** Lets the members go that were put there by hand. */
  readonly held?: false | undefined;
}

interface EditorParts {
  readonly catalog: Catalog;
  readonly online: OnlineClusters;
  readonly clustering: ClusteringRow;
  /** That is searched. */
  readonly set: EmbeddingSetRow;
}

const byHand = { isByHand: true } as const;

/** Changes clusters as a hand wants them. Everything is to be called while nothing else is written. */
export class ClusterEditor {
  constructor(private readonly parts: EditorParts) {}

  /** @throws MedoidError `not-found`, `conflict` or `invalid-request` naming the field */
  update(id: number, { name, medoid, held }: ClusterChange): void {
    this.edit(() => {
      this.requireOpen(id);
      if (name !== undefined) this.rename(id, name);
      if (medoid === null) this.unpin(id);
      else if (medoid !== undefined) this.pin(id, medoid);
      if (held === false) this.members.holdAll(id, false);
    });
  }

  /** The others go into this one, and their members stay together from now on. */
  merge(id: number, others: readonly number[]): void {
    this.edit(() => {
      this.requireOpen(id);
      for (const other of new Set(others)) {
        if (other === id) {
          throw new MedoidError('invalid-request', `expected others than ${id}, got itself`, {
            field: 'with',
          });
        }
        this.requireOpen(other);
        for (const facility of this.members.facilitiesOf(other)) this.members.moveFacility(facility.id, id);
        this.clusterings.mergeCluster(other, id);
        this.tell({ clusterId: other, kind: 'merged-away', otherClusterId: id });
        this.tell({ clusterId: id, kind: 'merged', otherClusterId: other });
      }
      this.members.holdAll(id, true);
    });
  }

  /** The items go into this one and stay there. */
  moveItems(id: number, itemIds: readonly number[]): void {
    const { catalog, set } = this.parts;
    this.edit(() => {
      this.requireOpen(id);
      const facilities = this.members.facilitiesOf(id);
      const left = new Map<number, number>();
      const coming: number[] = [];
      for (const itemId of new Set(itemIds)) {
        this.requireItem(itemId);
        const member = this.members.find(itemId);
        if (member?.clusterId === id) this.members.hold(itemId, true);
        else coming.push(itemId);
        if (member === undefined || member.clusterId === id) continue;
        left.set(member.clusterId, (left.get(member.clusterId) ?? 0) + 1);
      }
      if (coming.length === 0) return;
      for (const [clusterId, items] of left)
        this.tell({ clusterId, kind: 'left', otherClusterId: id, items });
      this.takeOut(coming);
      const medoids = loadMedoids(catalog, set, facilities);
      for (const itemId of coming) {
        const vector = readVector(catalog, set, itemId);
        const nearest = vector && medoids.search(vector, 1)[0]?.id;
        this.put(itemId, nearest ?? facilities[0].id);
      }
      this.tell({ clusterId: id, kind: 'joined', items: coming.length });
    });
  }

  /**
   * Both sides stay apart from now on.
   * @param wanted what is to be split off; the machine chooses unless given
   * @returns id of the new cluster
   */
  async split(id: number, wanted: readonly number[] | undefined, signal?: AbortSignal): Promise<number> {
    this.requireOpen(id);
    const { itemIds, medoid } = await planSplit(wanted, { ...this.parts, id, signal });
    return this.edit(() => {
      this.takeOut(itemIds);
      const clusterId = this.clusterings.addCluster(this.parts.clustering.id);
      const facilityId = this.members.addFacility({ clusterId, itemId: medoid });
      for (const itemId of itemIds) this.put(itemId, facilityId);
      this.members.holdAll(id, true);
      const items = itemIds.length;
      this.tell({ clusterId, kind: 'split-off', otherClusterId: id, itemId: medoid, items });
      this.tell({ clusterId: id, kind: 'split', otherClusterId: clusterId, items });
      return clusterId;
    });
  }

  private get clusterings() {
    return this.parts.catalog.clusterings;
  }

  private get members() {
    return this.clusterings.members;
  }

  private edit<T>(work: () => T): T {
    const { online, clustering } = this.parts;
    const result = online.transaction(() => {
      const done = work();
      this.clusterings.countEdit(clustering.id);
      return done;
    });
    online.forget();
    return result;
  }

  private tell(event: Omit<Parameters<typeof this.clusterings.history.add>[0], 'isByHand'>): void {
    this.clusterings.history.add({ ...event, ...byHand });
  }

  private requireOpen(id: number): void {
    const { clustering } = this.parts;
    const row = this.clusterings.findCluster(clustering.id, id);
    if (row === undefined) throw new MedoidError('not-found', `there is no cluster ${id}`);
    if (row.mergedInto !== null) {
      const now = this.clusterings.followMerges(clustering.id, id);
      throw new MedoidError('conflict', `cluster ${id} went into cluster ${now}: change that one`);
    }
    if (this.members.facilitiesOf(id).length === 0) {
      throw new MedoidError('conflict', `cluster ${id} has no items any more`);
    }
  }

  private requireItem(itemId: number): void {
    const { catalog, clustering } = this.parts;
    if (catalog.findItem(clustering.collectionId, itemId) !== undefined) return;
    throw new MedoidError('not-found', `the collection has no item ${itemId}`, { field: 'itemIds' });
  }

  private rename(id: number, name: string | null): void {
    if (this.clusterings.findCluster(this.parts.clustering.id, id)?.name === name) return;
    this.clusterings.renameCluster(id, name);
    this.tell({ clusterId: id, kind: 'renamed', name });
  }

  private unpin(clusterId: number): void {
    for (const { id, itemId, isPinned } of this.members.facilitiesOf(clusterId)) {
      if (!isPinned) continue;
      this.members.pinFacility(id, false);
      this.tell({ clusterId, kind: 'unpinned', itemId });
    }
  }

  private pin(clusterId: number, itemId: number): void {
    const member = this.members.find(itemId);
    if (member?.clusterId !== clusterId) {
      throw new MedoidError('invalid-request', `expected an item of cluster ${clusterId}, got ${itemId}`, {
        field: 'medoid',
      });
    }
    const own = this.members.findFacility(member.facilityId) as FacilityRow;
    const pinned = this.members.facilitiesOf(clusterId).filter(({ isPinned }) => isPinned);
    // Of clusters that were merged each may have one.
    if (pinned.length === 1 && pinned[0].itemId === itemId) return;
    this.unpin(clusterId);
    if (own.itemId === itemId) {
      this.members.pinFacility(own.id, true);
    } else {
      const facilityId = this.members.addFacility({ clusterId, itemId, isPinned: true });
      this.members.moveAll(own.id, facilityId);
      this.members.removeFacility(own.id);
    }
    this.tell({ clusterId, kind: 'pinned', itemId });
  }

  /** Others take the places of those that are medoids. */
  private takeOut(itemIds: readonly number[]): void {
    for (const itemId of itemIds) this.members.remove(itemId);
    for (const itemId of itemIds) {
      const facility = this.members.findFacilityOf(itemId);
      if (facility !== undefined) this.parts.online.handOver(facility, this.parts.set);
    }
  }

  private put(itemId: number, facilityId: number): void {
    this.members.add(itemId, facilityId);
    this.members.hold(itemId, true);
  }
}
