import type { Catalog } from '../../catalog/catalog.js';
import type { PlacedMember } from '../../catalog/cluster-members.js';
import type { ClusteringRow, FacilityRow } from '../../catalog/cluster-rows.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { type Facility, noGroups, type PointGroups } from '../../cluster/facility.js';
import { stackVectors } from '../../math/vectors.js';
import { type EmbeddingsOfItems, readEmbeddings } from '../read-embeddings.js';

/** The clusters of a collection as they were at one moment, as points. */
export interface ClusterSnapshot {
  readonly clustering: ClusteringRow;
  readonly set: EmbeddingSetRow;
  /** Of the members whose medoids have vectors that can be searched, as they have themselves; the others stay as they are. */
  readonly embeddings: EmbeddingsOfItems;
  readonly facilities: readonly Facility[];
  /** [facilities] */
  readonly clusterOfFacility: readonly number[];
  /** Position of the facility of each point: [items]. */
  readonly assignment: Int32Array;
  readonly groups: PointGroups;
  /** The cluster of each group. */
  readonly clusterOfGroup: readonly number[];
}

/** Clusters that something was decided of by hand, which goes on being theirs. */
function findKept(
  catalog: Catalog,
  clusteringId: number,
  { members, facilities }: { members: readonly PlacedMember[]; facilities: readonly FacilityRow[] },
): Set<number> {
  const named = catalog.clusterings.listClusters(clusteringId).filter(({ name }) => name !== null);
  return new Set([
    ...named.map(({ id }) => id),
    ...facilities.filter(({ isPinned }) => isPinned).map(({ clusterId }) => clusterId),
    ...members.filter(({ isHeld }) => isHeld).map(({ clusterId }) => clusterId),
  ]);
}

function selectRows(embeddings: EmbeddingsOfItems, rows: readonly number[]): EmbeddingsOfItems {
  const { items, block } = embeddings;
  if (rows.length === items.length) return embeddings;
  const { data, dimension } = block;
  const vectors = rows.map(row => data.subarray(row * dimension, (row + 1) * dimension));
  return { items: rows.map(row => items[row]), block: stackVectors(vectors, dimension) };
}

/** @param read may lack what came since, and have what has gone: the rows decide */
function toSnapshot(
  read: EmbeddingsOfItems,
  { catalog, set, clustering }: { catalog: Catalog; set: EmbeddingSetRow; clustering: ClusteringRow },
): ClusterSnapshot {
  const { members: table } = catalog.clusterings;
  const [members, rows] = [table.list(clustering.id), table.listFacilities(clustering.id)];
  const kept = [...findKept(catalog, clustering.id, { members, facilities: rows })];
  const groupOf = new Map(kept.map((clusterId, group) => [clusterId, group]));
  const memberOf = new Map(members.map(member => [member.itemId, member]));
  const readItems = new Set(read.items.map(({ itemId }) => itemId));
  const usable = rows.filter(
    ({ id, itemId }) => readItems.has(itemId) && memberOf.get(itemId)?.facilityId === id,
  );
  const positionOf = new Map(usable.map(({ id }, position) => [id, position]));
  const memberAt = (row: number): PlacedMember | undefined => memberOf.get(read.items[row].itemId);
  const wanted = read.items.flatMap((_, row) =>
    positionOf.has(memberAt(row)?.facilityId ?? 0) ? [row] : [],
  );
  const embeddings = selectRows(read, wanted);
  const pointOf = new Map(embeddings.items.map(({ itemId }, point) => [itemId, point]));
  const groups = noGroups(wanted.length);
  const assignment = new Int32Array(wanted.length);
  for (const [point, row] of wanted.entries()) {
    const { clusterId, facilityId, isHeld } = memberAt(row) as PlacedMember;
    assignment[point] = positionOf.get(facilityId) as number;
    groups.memberOf[point] = groupOf.get(clusterId) ?? -1;
    groups.held[point] = Number(isHeld);
  }
  const facilities = usable.map(({ itemId, clusterId, isPinned }) => ({
    point: pointOf.get(itemId) as number,
    group: groupOf.get(clusterId) ?? -1,
    pinned: isPinned,
  }));
  const clusterOfFacility = usable.map(({ clusterId }) => clusterId);
  return {
    ...{ clustering, set, embeddings, facilities, clusterOfFacility, assignment, groups },
    clusterOfGroup: kept,
  };
}

/** Nothing where the collection has no clusters. @throws MedoidError `interrupted` */
export async function takeClusterSnapshot(
  { catalog, collectionId, set }: { catalog: Catalog; collectionId: number; set: EmbeddingSetRow },
  signal: AbortSignal,
): Promise<ClusterSnapshot | undefined> {
  const read = await readEmbeddings({ catalog, set }, { signal });
  return catalog.transaction(() => {
    const clustering = catalog.clusterings.find(collectionId);
    return clustering && toSnapshot(read, { catalog, set, clustering });
  });
}
