import type { Catalog } from '../../catalog/catalog.js';
import type { ClusteringRow, FacilityRow } from '../../catalog/cluster-rows.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { createRandom } from '../../math/random.js';
import { squaredDistance } from '../../math/vectors.js';
import type { ExactIndex } from '../../vector-index/exact.js';
import { isConsolidationDue } from './clustering-settings.js';
import { loadMedoids } from './medoid-index.js';
import { readVector } from './read-vector.js';

/** An item with the vector that it has in the set that is searched: [dimension]. */
export interface ItemToPlace {
  readonly itemId: number;
  readonly imageSha256: string;
  readonly embedding: Float32Array;
}

interface Parts {
  readonly catalog: Catalog;
  readonly collectionId: number;
}

/** Medoids in memory, as the catalog has them. */
interface Medoids {
  readonly setId: number;
  readonly index: ExactIndex;
}

/**
 * Has items join clusters as they come (Meyerson 2001): one at distance d from the nearest medoid opens a cluster of its own
 * with probability min(1, d / facilityCost), else it joins that medoid's. What is drawn depends on the seed and the image
 * only, not on when it comes, how often or under which key; and an image that is there already joins the cluster it is in.
 *
 * Everything is to be called within the transaction that writes the items, in the process that may write.
 */
export class OnlineClusters {
  private medoids: Medoids | undefined;

  constructor(private readonly parts: Parts) {}

  /** Everything or nothing; of a transaction that came to nothing, nothing stays in memory either. */
  transaction<T>(work: () => T): T {
    try {
      return this.parts.catalog.transaction(work);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** What is in memory, after others than this one have changed facilities. */
  forget(): void {
    this.medoids = undefined;
  }

  /** @returns id of the cluster; nothing where the collection has none */
  place(item: ItemToPlace, set: EmbeddingSetRow): number | undefined {
    const clustering = this.find();
    if (clustering === undefined) return undefined;
    this.clusterings.countChanges(clustering.id, 1);
    const facility = this.choose(item, clustering, set);
    if (facility === undefined) return this.open(item, clustering, set);
    this.clusterings.members.add(item.itemId, facility.id);
    this.clusterings.history.count(facility.clusterId, 'joined', 1);
    return facility.clusterId;
  }

  /** The cluster that an item is in. */
  clusterOf(itemId: number): number | undefined {
    return this.clusterings.members.find(itemId)?.clusterId;
  }

  /**
   * Before the items go, or get other images: others stand for the clusters that they are medoids of. What was decided of
   * them by hand is forgotten.
   */
  takeOut(itemIds: readonly number[], set: EmbeddingSetRow): void {
    const clustering = this.find();
    if (clustering === undefined) return;
    const { members, history } = this.clusterings;
    const left = new Map<number, number>();
    const facilities: FacilityRow[] = [];
    for (const itemId of new Set(itemIds)) {
      const member = members.find(itemId);
      if (member === undefined) continue;
      // Who asks for items to go may name those of other collections.
      if (!left.has(member.clusterId) && !this.isOwn(member.clusterId, clustering)) continue;
      members.remove(itemId);
      left.set(member.clusterId, (left.get(member.clusterId) ?? 0) + 1);
      const facility = members.findFacilityOf(itemId);
      if (facility !== undefined) facilities.push(facility);
    }
    for (const [clusterId, items] of left) {
      history.count(clusterId, 'left', items);
      this.clusterings.countChanges(clustering.id, items);
    }
    // Once all are out: none of them is to take the place of another.
    for (const facility of facilities) this.handOver(facility, set);
  }

  /** Has the member nearest to the medoid, which is no member any more, take its place. */
  handOver(facility: FacilityRow, set: EmbeddingSetRow): void {
    const { members, history } = this.clusterings;
    const { clusterId } = facility;
    const itemId = this.findNearestMember(facility, set);
    const about = { clusterId, isByHand: false };
    if (facility.isPinned) history.add({ ...about, kind: 'unpinned', itemId: facility.itemId });
    if (itemId !== undefined) {
      const id = members.addFacility({ clusterId, itemId });
      members.moveAll(facility.id, id);
      history.add({ ...about, kind: 'medoid', itemId });
      this.remember(id, readVector(this.parts.catalog, set, itemId), set);
    }
    members.removeFacility(facility.id);
    const index = this.indexOf(set);
    if (index?.has(facility.id)) index.remove([facility.id]);
    if (members.facilitiesOf(clusterId).length === 0) history.add({ ...about, kind: 'emptied' });
  }

  /** Whether the clusters are to be consolidated. */
  isDue(): boolean {
    const { catalog, collectionId } = this.parts;
    const clustering = this.find();
    return clustering !== undefined && isConsolidationDue(clustering, () => catalog.countItems(collectionId));
  }

  private get clusterings() {
    return this.parts.catalog.clusterings;
  }

  private isOwn(clusterId: number, { id }: ClusteringRow): boolean {
    return this.clusterings.findCluster(id, clusterId) !== undefined;
  }

  private find(): ClusteringRow | undefined {
    return this.clusterings.find(this.parts.collectionId);
  }

  /** The facility it joins; nothing where it opens one. */
  private choose(
    { imageSha256, embedding }: ItemToPlace,
    { id, seed, facilityCost }: ClusteringRow,
    set: EmbeddingSetRow,
  ): FacilityRow | undefined {
    const { members } = this.clusterings;
    const same = members.findFacilityOfImage(this.parts.collectionId, imageSha256);
    if (same !== undefined) return members.findFacility(same);
    const [nearest] = this.load(id, set).search(embedding, 1);
    if (nearest === undefined) return undefined;
    const draw = createRandom(`${seed}/cluster/${imageSha256}`).next();
    return draw * facilityCost < nearest.distance ? undefined : members.findFacility(nearest.id);
  }

  private open({ itemId, embedding }: ItemToPlace, { id }: ClusteringRow, set: EmbeddingSetRow): number {
    const { members, history } = this.clusterings;
    const clusterId = this.clusterings.addCluster(id);
    const facilityId = members.addFacility({ clusterId, itemId });
    members.add(itemId, facilityId);
    history.add({ clusterId, kind: 'opened', isByHand: false, itemId });
    this.remember(facilityId, embedding, set);
    return clusterId;
  }

  private findNearestMember({ id, itemId }: FacilityRow, set: EmbeddingSetRow): number | undefined {
    const { catalog } = this.parts;
    const medoid = readVector(catalog, set, itemId);
    let [nearest, least]: [number | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const member of this.clusterings.members.itemsOfFacility(id)) {
      const vector = readVector(catalog, set, member);
      const squared = medoid && vector ? squaredDistance(vector, medoid) : Number.MAX_VALUE;
      if (squared < least) [nearest, least] = [member, squared];
    }
    return nearest;
  }

  private load(clusteringId: number, set: EmbeddingSetRow): ExactIndex {
    const known = this.indexOf(set);
    if (known !== undefined) return known;
    const facilities = this.clusterings.members.listFacilities(clusteringId);
    const index = loadMedoids(this.parts.catalog, set, facilities);
    this.medoids = { setId: set.id, index };
    return index;
  }

  /** Those of another set are dropped: they would not follow, and that set may be searched again. */
  private indexOf(set: EmbeddingSetRow): ExactIndex | undefined {
    if (this.medoids?.setId !== set.id) this.forget();
    return this.medoids?.index;
  }

  private remember(id: number, vector: Float32Array | undefined, set: EmbeddingSetRow): void {
    if (vector !== undefined) this.indexOf(set)?.add([{ id, vector }]);
  }
}
