import type { Catalog } from '../../catalog/catalog.js';
import type { PlacedMember } from '../../catalog/cluster-members.js';
import type { FacilityRow } from '../../catalog/cluster-rows.js';
import type { ConsolidatedFacilities } from '../../cluster/consolidate-facilities.js';
import { type TrackedClusters, trackClusters } from '../../cluster/track-clusters.js';
import type { ClusterSnapshot } from './cluster-snapshot.js';
import { loadMedoids } from './medoid-index.js';
import { readVector } from './read-vector.js';

export interface AppliedConsolidation {
  /** Items that are in another cluster than before. */
  readonly moved: number;
  /** Clusters that went into others, came of others, and got another medoid. */
  readonly merged: number;
  readonly split: number;
  readonly medoids: number;
}

/** A facility as it is to be. */
interface Target {
  readonly itemId: number;
  /** As it is in the catalog already; nothing for a new one. */
  readonly row: FacilityRow | undefined;
  /** −1 where the points say. */
  readonly knownCluster: number;
}

/** What is to be written, with what was there. */
interface Plan {
  readonly targets: readonly Target[];
  readonly members: readonly PlacedMember[];
  /** Target of each member: [members]. */
  readonly after: Int32Array;
}

/** One application of what a consolidation found to what the catalog has by then. To be used within its transaction. */
class Application {
  constructor(
    private readonly catalog: Catalog,
    private readonly snapshot: ClusterSnapshot,
    private readonly found: ConsolidatedFacilities,
  ) {}

  /** @returns nothing where it does not fit any more what there is */
  apply(): AppliedConsolidation | undefined {
    const { clusterings } = this.catalog;
    const { clustering, set } = this.snapshot;
    const now = clusterings.find(clustering.collectionId);
    const isSame = now?.id === clustering.id && now.edits === clustering.edits;
    if (!isSame || this.catalog.sets.findActive(clustering.collectionId)?.id !== set.id) return undefined;
    const plan = this.plan();
    if (plan === undefined) return undefined;
    const { targets, members, after } = plan;
    const tracked = trackClusters({
      before: Int32Array.from(members, ({ clusterId }) => clusterId),
      after,
      known: Int32Array.from(targets, ({ knownCluster }) => knownCluster),
    });
    return this.write(plan, tracked);
  }

  /** Those that came meanwhile go to the nearest, and what they opened stays. */
  private plan(): Plan | undefined {
    const { catalog, snapshot, found } = this;
    const { items } = snapshot.embeddings;
    const vectorIds = new Set(catalog.sets.vectorIds(snapshot.set.id));
    const pointOf = new Map(
      items.flatMap(({ itemId, vectorId }, point) => (vectorIds.has(vectorId) ? [[itemId, point]] : [])),
    );
    const rows = catalog.clusterings.members.listFacilities(snapshot.clustering.id);
    const rowOf = new Map(rows.map(row => [row.itemId, row]));
    const targets = found.facilities.map(({ point, group }): Target => {
      const { itemId } = items[point];
      const knownCluster = group < 0 ? -1 : snapshot.clusterOfGroup[group];
      return { itemId, row: rowOf.get(itemId), knownCluster };
    });
    if (targets.some(({ itemId }) => !pointOf.has(itemId))) return undefined;
    const others = rows.filter(({ itemId }) => !pointOf.has(itemId));
    for (const row of others) targets.push({ itemId: row.itemId, row, knownCluster: row.clusterId });
    const members = catalog.clusterings.members.list(snapshot.clustering.id);
    return { targets, members, after: this.assign({ targets, members }, pointOf) };
  }

  private assign(
    { targets, members }: Pick<Plan, 'targets' | 'members'>,
    pointOf: ReadonlyMap<number, number>,
  ): Int32Array {
    const { catalog, found } = this;
    const { set } = this.snapshot;
    const numbered = targets.map(({ itemId }, position) => ({ id: position, itemId }));
    const medoids = loadMedoids(catalog, set, numbered);
    const positionOfRow = new Map(targets.map(({ row }, position) => [row?.id, position]));
    const positionOfItem = new Map(targets.map(({ itemId }, position) => [itemId, position]));
    return Int32Array.from(members, ({ itemId, facilityId, isHeld }) => {
      const point = pointOf.get(itemId);
      if (point !== undefined) return found.assignment[point];
      const own = positionOfItem.get(itemId) ?? (isHeld ? positionOfRow.get(facilityId) : undefined);
      if (own !== undefined) return own;
      const vector = readVector(catalog, set, itemId);
      const nearest = vector && medoids.search(vector, 1)[0]?.id;
      return nearest ?? positionOfRow.get(facilityId) ?? 0;
    });
  }

  private write({ targets, members, after }: Plan, tracked: TrackedClusters): AppliedConsolidation {
    const { clusterings } = this.catalog;
    const clusterOf = this.writeClusters(targets, tracked);
    const facilityIds = targets.map(({ itemId, row }, position) => {
      const clusterId = clusterOf[position];
      if (row === undefined) return clusterings.members.addFacility({ clusterId, itemId });
      if (row.clusterId !== clusterId) clusterings.members.moveFacility(row.id, clusterId);
      return row.id;
    });
    let moved = 0;
    for (const [i, { itemId, facilityId, clusterId }] of members.entries()) {
      if (facilityIds[after[i]] !== facilityId) clusterings.members.move(itemId, facilityIds[after[i]]);
      if (clusterOf[after[i]] !== clusterId) moved++;
    }
    const medoids = this.noteMedoids(targets, clusterOf);
    this.removeOthers(new Set(facilityIds));
    const { wentTo, cameFrom } = tracked;
    for (const [id, position] of wentTo) this.noteMerge(id, clusterOf[position]);
    return { moved, merged: wentTo.size, split: cameFrom.filter(id => id >= 0).length, medoids };
  }

  /** @returns the cluster of each target */
  private writeClusters(targets: readonly Target[], { goesOnAs, cameFrom }: TrackedClusters): number[] {
    const { clusterings } = this.catalog;
    const about = { isByHand: false };
    return targets.map(({ itemId }, position) => {
      if (goesOnAs[position] >= 0) return goesOnAs[position];
      const clusterId = clusterings.addCluster(this.snapshot.clustering.id);
      const otherClusterId = cameFrom[position];
      if (otherClusterId < 0) {
        clusterings.history.add({ ...about, clusterId, kind: 'opened', itemId });
        return clusterId;
      }
      clusterings.history.add({ ...about, clusterId, kind: 'split-off', otherClusterId, itemId });
      clusterings.history.add({
        ...about,
        clusterId: otherClusterId,
        kind: 'split',
        otherClusterId: clusterId,
      });
      return clusterId;
    });
  }

  /** Of clusters that had others. @returns how many */
  private noteMedoids(targets: readonly Target[], clusterOf: readonly number[]): number {
    const { clusterings } = this.catalog;
    const had = new Set(this.snapshot.clusterOfFacility);
    let changed = 0;
    for (const [position, { itemId, row }] of targets.entries()) {
      const clusterId = clusterOf[position];
      // A new cluster has been told of with its medoid.
      if (row?.clusterId === clusterId || !had.has(clusterId)) continue;
      clusterings.history.add({ clusterId, kind: 'medoid', isByHand: false, itemId });
      changed++;
    }
    return changed;
  }

  private removeOthers(wanted: ReadonlySet<number>): void {
    const { members } = this.catalog.clusterings;
    for (const { id } of members.listFacilities(this.snapshot.clustering.id)) {
      if (!wanted.has(id)) members.removeFacility(id);
    }
  }

  private noteMerge(clusterId: number, otherClusterId: number): void {
    const { clusterings } = this.catalog;
    clusterings.mergeCluster(clusterId, otherClusterId);
    clusterings.history.add({ clusterId, kind: 'merged-away', isByHand: false, otherClusterId });
    clusterings.history.add({
      clusterId: otherClusterId,
      kind: 'merged',
      isByHand: false,
      otherClusterId: clusterId,
    });
  }
}

/**
 * Writes what a consolidation found, as far as it fits what has come to be meanwhile. To be called within a transaction.
 * @returns nothing, and nothing is written, where something was done by hand, another model answers, or an item that is to be
 *   a medoid has gone or got another image: then it is to be found anew
 */
export const applyConsolidation = (
  catalog: Catalog,
  snapshot: ClusterSnapshot,
  found: ConsolidatedFacilities,
): AppliedConsolidation | undefined => new Application(catalog, snapshot, found).apply();
