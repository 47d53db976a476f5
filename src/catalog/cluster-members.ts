import type Database from 'better-sqlite3';
import { type FacilityRow, type MemberRow, parseFacility, parseMember } from './cluster-rows.js';

/** A member, and the cluster it is in. */
export type PlacedMember = MemberRow & { readonly clusterId: number };

/** An item that is in no cluster yet. */
export interface UnplacedItem {
  readonly id: number;
  readonly imageSha256: string;
}

export interface LabelCount {
  readonly clusterId: number;
  readonly label: string;
  readonly items: number;
}

const placed = `SELECT members.*, cluster_id FROM members JOIN facilities ON facilities.id = facility_id`;

const prepareStatements = (database: Database.Database) => ({
  addFacility: database.prepare('INSERT INTO facilities (cluster_id, item_id, pinned) VALUES (?, ?, ?)'),
  removeFacility: database.prepare('DELETE FROM facilities WHERE id = ?'),
  moveFacility: database.prepare('UPDATE facilities SET cluster_id = @clusterId WHERE id = @id'),
  pin: database.prepare('UPDATE facilities SET pinned = @pinned WHERE id = @id'),
  facilities: database.prepare(
    `SELECT facilities.* FROM clusters JOIN facilities ON facilities.cluster_id = clusters.id
     WHERE clustering_id = ? ORDER BY facilities.id`,
  ),
  facilitiesOfCluster: database.prepare('SELECT * FROM facilities WHERE cluster_id = ? ORDER BY id'),
  facility: database.prepare('SELECT * FROM facilities WHERE id = ?'),
  facilityOfItem: database.prepare('SELECT * FROM facilities WHERE item_id = ?'),
  add: database.prepare('INSERT INTO members (item_id, facility_id) VALUES (?, ?)'),
  remove: database.prepare('DELETE FROM members WHERE item_id = ?'),
  move: database.prepare('UPDATE members SET facility_id = @facilityId WHERE item_id = @itemId'),
  moveAll: database.prepare('UPDATE members SET facility_id = @to WHERE facility_id = @from'),
  hold: database.prepare('UPDATE members SET held = @held WHERE item_id = @itemId'),
  holdAll: database.prepare(
    `UPDATE members SET held = @held
     WHERE facility_id IN (SELECT id FROM facilities WHERE cluster_id = @clusterId)`,
  ),
  member: database.prepare(`${placed} WHERE members.item_id = ?`),
  ofClustering: database.prepare(
    `${placed} JOIN clusters ON clusters.id = cluster_id WHERE clustering_id = ? ORDER BY members.item_id`,
  ),
  ofCluster: database.prepare(`${placed} WHERE cluster_id = ? ORDER BY members.item_id`),
  itemsOfFacility: database
    .prepare('SELECT item_id FROM members WHERE facility_id = ? ORDER BY item_id')
    .pluck(),
  count: database
    .prepare('SELECT count(*) FROM members JOIN items ON items.id = item_id WHERE collection_id = ?')
    .pluck(),
  ofImage: database
    .prepare(
      `SELECT facility_id FROM items JOIN members ON members.item_id = items.id
       WHERE image_sha256 = @imageSha256 AND collection_id = @collectionId ORDER BY items.id LIMIT 1`,
    )
    .pluck(),
  unplaced: database.prepare(
    `SELECT items.id, image_sha256 AS imageSha256 FROM items
     WHERE collection_id = @collectionId AND id > @afterId
       AND NOT EXISTS (SELECT 1 FROM members WHERE item_id = items.id)
     ORDER BY items.id LIMIT @limit`,
  ),
  labels: database.prepare(
    `SELECT cluster_id AS clusterId, label, count(*) AS items FROM facilities
       JOIN members ON members.facility_id = facilities.id JOIN items ON items.id = members.item_id
     WHERE cluster_id = ? AND label IS NOT NULL GROUP BY label ORDER BY items DESC, label`,
  ),
});

const toPlaced = (row: unknown): PlacedMember => {
  const { cluster_id: clusterId, ...member } = row as { cluster_id: number };
  return { ...parseMember(member), clusterId };
};

/** Which item stands for others, and for which. */
export class ClusterMembers {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @returns its id, which was never that of another item's */
  addFacility({ clusterId, itemId, isPinned = false }: NewFacility): number {
    return Number(this.statements.addFacility.run(clusterId, itemId, Number(isPinned)).lastInsertRowid);
  }

  /** That has no members any more, or with them. */
  removeFacility(id: number): void {
    this.statements.removeFacility.run(id);
  }

  moveFacility(id: number, clusterId: number): void {
    this.statements.moveFacility.run({ id, clusterId });
  }

  pinFacility(id: number, isPinned: boolean): void {
    this.statements.pin.run({ id, pinned: Number(isPinned) });
  }

  /** Of all clusters, by ascending id. */
  listFacilities(clusteringId: number): FacilityRow[] {
    return this.statements.facilities.all(clusteringId).map(parseFacility);
  }

  facilitiesOf(clusterId: number): FacilityRow[] {
    return this.statements.facilitiesOfCluster.all(clusterId).map(parseFacility);
  }

  findFacility(id: number): FacilityRow | undefined {
    const row = this.statements.facility.get(id);
    return row === undefined ? undefined : parseFacility(row);
  }

  /** The facility that an item is the medoid of. */
  findFacilityOf(itemId: number): FacilityRow | undefined {
    const row = this.statements.facilityOfItem.get(itemId);
    return row === undefined ? undefined : parseFacility(row);
  }

  add(itemId: number, facilityId: number): void {
    this.statements.add.run(itemId, facilityId);
  }

  remove(itemId: number): void {
    this.statements.remove.run(itemId);
  }

  move(itemId: number, facilityId: number): void {
    this.statements.move.run({ itemId, facilityId });
  }

  /** All members of one facility to another. */
  moveAll(from: number, to: number): void {
    this.statements.moveAll.run({ from, to });
  }

  /** Whether only a hand takes it out of its cluster. */
  hold(itemId: number, isHeld: boolean): void {
    this.statements.hold.run({ itemId, held: Number(isHeld) });
  }

  /** All members of a cluster. */
  holdAll(clusterId: number, isHeld: boolean): void {
    this.statements.holdAll.run({ clusterId, held: Number(isHeld) });
  }

  find(itemId: number): PlacedMember | undefined {
    const row = this.statements.member.get(itemId);
    return row === undefined ? undefined : toPlaced(row);
  }

  /** Of all clusters, by ascending id of the item. */
  list(clusteringId: number): PlacedMember[] {
    return this.statements.ofClustering.all(clusteringId).map(toPlaced);
  }

  /** By ascending id of the item. */
  ofCluster(clusterId: number): PlacedMember[] {
    return this.statements.ofCluster.all(clusterId).map(toPlaced);
  }

  /** Ascending. */
  itemsOfFacility(facilityId: number): number[] {
    return this.statements.itemsOfFacility.all(facilityId) as number[];
  }

  countOfCollection(collectionId: number): number {
    return Number(this.statements.count.get(collectionId));
  }

  /** The facility of the first member that has the image. */
  findFacilityOfImage(collectionId: number, imageSha256: string): number | undefined {
    return this.statements.ofImage.get({ collectionId, imageSha256 }) as number | undefined;
  }

  /** By ascending id, from the first one above `afterId`. */
  listUnplaced(collectionId: number, page: { afterId: number; limit: number }): UnplacedItem[] {
    return this.statements.unplaced.all({ collectionId, ...page }) as UnplacedItem[];
  }

  /** Of the members, the most frequent first; none of those without. */
  countLabels(clusterId: number): LabelCount[] {
    return this.statements.labels.all(clusterId) as LabelCount[];
  }
}

export interface NewFacility {
  readonly clusterId: number;
  readonly itemId: number;
  readonly isPinned?: boolean;
}
