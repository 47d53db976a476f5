import type { Catalog } from '../../catalog/catalog.js';
import type { LabelCount, PlacedMember } from '../../catalog/cluster-members.js';
import type { ClusterEventRow, ClusteringRow, ClusterRow, FacilityRow } from '../../catalog/cluster-rows.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { squaredDistance } from '../../math/vectors.js';
import type { TakeTurn } from '../../take-turns.js';
import { type Item, toItem } from '../item.js';
import { readVector } from './read-vector.js';

export const clusterStates = ['open', 'merged', 'emptied'] as const;

/** What is known of a cluster. */
export interface ClusterSummary {
  readonly id: number;
  readonly state: (typeof clusterStates)[number];
  readonly name: string | null;
  /** Id of the item that stands for it; null unless it is open. */
  readonly medoid: number | null;
  readonly pinned: boolean;
  readonly size: number;
  /** Of its items to the medoid, or of a merged one to the nearest of its medoids. */
  readonly meanDistance: number | null;
  /** The most frequent among its items, and the share of those that have one which have it. */
  readonly label: string | null;
  readonly purity: number | null;
  /** Where its items are now. */
  readonly mergedInto: number | null;
  readonly createdAt: string;
}

export interface ClusterMember {
  readonly item: Item;
  readonly distance: number;
  /** Put there by hand. */
  readonly held: boolean;
}

export interface ClusterPage {
  readonly clusters: ClusterSummary[];
  readonly next: number | null;
}

export interface MemberPage {
  readonly cluster: ClusterSummary;
  readonly members: ClusterMember[];
  readonly next: number | null;
}

/** What became of a cluster. */
export type ClusterEvent = Omit<ClusterEventRow, 'clusterId' | 'isByHand'> & { readonly byHand: boolean };

export interface EventPage {
  readonly events: ClusterEvent[];
  readonly next: number | null;
}

interface MeasuredMember {
  readonly itemId: number;
  readonly facilityId: number;
  readonly isHeld: boolean;
  readonly distance: number;
}

/** All there is of a cluster. */
interface RowsOfCluster {
  readonly row: ClusterRow;
  readonly facilities: readonly FacilityRow[];
  readonly members: readonly PlacedMember[];
  readonly labels: readonly LabelCount[];
  /** The cluster where the members of a merged one are now. */
  readonly wentTo: number | null;
}

/** Those that have a page's length and more are followed by another. */
const pageOf = <T>(entries: readonly T[], limit: number): { page: T[]; isLast: boolean } => ({
  page: entries.slice(0, limit),
  isLast: entries.length <= limit,
});

const noCluster = (id: number): MedoidError => new MedoidError('not-found', `there is no cluster ${id}`);

/** Of several medoids the one that is pinned, or has most members. */
function chooseMedoid(
  facilities: readonly FacilityRow[],
  members: readonly Pick<MeasuredMember, 'facilityId'>[],
): FacilityRow | undefined {
  const pinned = facilities.find(({ isPinned }) => isPinned);
  if (pinned !== undefined || facilities.length < 2) return pinned ?? facilities[0];
  const counts = new Map(facilities.map(({ id }) => [id, 0]));
  for (const { facilityId } of members) counts.set(facilityId, (counts.get(facilityId) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return facilities.find(({ id }) => counts.get(id) === most);
}

/** Reads the clusters of a collection. Distances are those of the model that answers. */
export class ClusterReader {
  constructor(
    private readonly catalog: Catalog,
    private readonly clustering: ClusteringRow,
    private readonly set: EmbeddingSetRow,
  ) {}

  async list(
    listing: { order: 'id' | 'size'; after: number; limit: number },
    takeTurn: TakeTurn,
  ): Promise<ClusterPage> {
    const { order, after, limit } = listing;
    const sizes = this.catalog.clusterings.listSizes(this.clustering.id, { ...listing, limit: limit + 1 });
    const { page, isLast } = pageOf(sizes, limit);
    const clusters: ClusterSummary[] = [];
    for (const { clusterId } of page) {
      const rows = this.read(clusterId);
      // It may have been forgotten meanwhile.
      if (rows !== undefined) clusters.push(this.describe(rows, await this.measure(rows, takeTurn)));
    }
    const next = order === 'id' ? page.at(-1)?.clusterId : after + limit;
    return { clusters, next: isLast ? null : (next ?? null) };
  }

  async describeOne(id: number, takeTurn: TakeTurn): Promise<ClusterSummary> {
    const rows = this.require(id);
    return this.describe(rows, await this.measure(rows, takeTurn));
  }

  /** The nearest first. @param after how many come before the page */
  async listMembers(
    id: number,
    { after, limit }: { readonly after: number; readonly limit: number },
    takeTurn: TakeTurn,
  ): Promise<MemberPage> {
    const rows = this.require(id);
    const measured = await this.measure(rows, takeTurn);
    measured.sort((a, b) => a.distance - b.distance || a.itemId - b.itemId);
    const { page, isLast } = pageOf(measured.slice(after), limit);
    const members = page.flatMap(({ itemId, distance, isHeld }): ClusterMember[] => {
      const item = this.catalog.findItem(this.clustering.collectionId, itemId);
      return item === undefined ? [] : [{ item: toItem(item), distance, held: isHeld }];
    });
    return { cluster: this.describe(rows, measured), members, next: isLast ? null : after + limit };
  }

  /** By ascending id, from the first one above `after`. */
  listEvents(id: number, { after, limit }: { readonly after: number; readonly limit: number }): EventPage {
    if (this.catalog.clusterings.findCluster(this.clustering.id, id) === undefined) throw noCluster(id);
    const events = this.catalog.clusterings.history.list(id, { afterId: after, limit: limit + 1 });
    const { page, isLast } = pageOf(events, limit);
    return {
      events: page.map(({ clusterId: _, isByHand, ...event }) => ({ ...event, byHand: isByHand })),
      next: isLast ? null : (page.at(-1)?.id ?? null),
    };
  }

  /** As they are at one moment: what is made of them takes turns, and others write meanwhile. */
  private read(id: number): RowsOfCluster | undefined {
    const { clusterings } = this.catalog;
    return this.catalog.transaction(() => {
      const row = clusterings.findCluster(this.clustering.id, id);
      return (
        row && {
          row,
          facilities: clusterings.members.facilitiesOf(id),
          members: clusterings.members.ofCluster(id),
          labels: clusterings.members.countLabels(id),
          wentTo: row.mergedInto === null ? null : clusterings.followMerges(this.clustering.id, id),
        }
      );
    });
  }

  /** @throws MedoidError `not-found` */
  private require(id: number): RowsOfCluster {
    const rows = this.read(id);
    if (rows === undefined) throw noCluster(id);
    return rows;
  }

  private describe(
    { row, facilities, labels, wentTo }: RowsOfCluster,
    members: readonly MeasuredMember[],
  ): ClusterSummary {
    const medoid = chooseMedoid(facilities, members);
    const labelled = labels.reduce((sum, { items }) => sum + items, 0);
    const distances = members.reduce((sum, { distance }) => sum + distance, 0);
    return {
      id: row.id,
      state: wentTo !== null ? 'merged' : medoid === undefined ? 'emptied' : 'open',
      name: row.name,
      medoid: medoid?.itemId ?? null,
      pinned: medoid?.isPinned ?? false,
      size: members.length,
      meanDistance: members.length === 0 ? null : distances / members.length,
      label: labels[0]?.label ?? null,
      purity: labelled === 0 ? null : labels[0].items / labelled,
      mergedInto: wentTo,
      createdAt: row.createdAt,
    };
  }

  /** Those whose vectors cannot be read are left out. Other work has its turns meanwhile. */
  private async measure(
    { facilities, members }: RowsOfCluster,
    takeTurn: TakeTurn,
  ): Promise<MeasuredMember[]> {
    const { catalog, set } = this;
    const medoids = new Map(facilities.map(({ id, itemId }) => [id, readVector(catalog, set, itemId)]));
    const measured: MeasuredMember[] = [];
    for (const { itemId, facilityId, isHeld } of members) {
      await takeTurn();
      const [vector, medoid] = [readVector(catalog, set, itemId), medoids.get(facilityId)];
      if (vector === undefined || medoid === undefined) continue;
      measured.push({ itemId, facilityId, isHeld, distance: Math.sqrt(squaredDistance(vector, medoid)) });
    }
    return measured;
  }
}
