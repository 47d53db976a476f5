import type Database from 'better-sqlite3';
import { ClusterHistory } from './cluster-history.js';
import { ClusterMembers } from './cluster-members.js';
import { type ClusteringRow, type ClusterRow, parseCluster, parseClustering } from './cluster-rows.js';

export type ClusteringSettings = Pick<
  ClusteringRow,
  'askedCost' | 'facilityCost' | 'seed' | 'consolidateAfter'
>;

/** With what a consolidation was done. */
export type FoundCost = Pick<ClusteringRow, 'facilityCost' | 'measured'>;

/** A cluster that has members, by itself. */
export interface ClusterSize {
  readonly clusterId: number;
  readonly size: number;
}

export interface ClusterListing {
  readonly order: 'id' | 'size';
  /** By id: the one after which the page begins; by size: how many come before it. */
  readonly after: number;
  readonly limit: number;
}

const sizes = `SELECT facilities.cluster_id AS clusterId, count(*) AS size
  FROM clusters JOIN facilities ON facilities.cluster_id = clusters.id
    JOIN members ON members.facility_id = facilities.id
  WHERE clustering_id = @clusteringId`;

const prepareStatements = (database: Database.Database) => ({
  clustering: database.prepare('SELECT * FROM clusterings WHERE collection_id = ?'),
  add: database.prepare(
    `INSERT INTO clusterings (collection_id, asked_cost, facility_cost, seed, consolidate_after, created_at)
     VALUES (@collectionId, @askedCost, @facilityCost, @seed, @consolidateAfter, @now)`,
  ),
  change: database.prepare(
    `UPDATE clusterings SET asked_cost = @askedCost, facility_cost = @facilityCost, seed = @seed,
       consolidate_after = @consolidateAfter WHERE collection_id = @collectionId`,
  ),
  remove: database.prepare('DELETE FROM clusterings WHERE collection_id = ?'),
  countChanges: database.prepare('UPDATE clusterings SET changes = changes + ? WHERE id = ?'),
  forgetChanges: database.prepare('UPDATE clusterings SET changes = 0 WHERE id = ?'),
  countEdit: database.prepare('UPDATE clusterings SET edits = edits + 1 WHERE id = ?'),
  consolidated: database.prepare(
    `UPDATE clusterings SET facility_cost = @facilityCost, measured_share = @share, measured_items = @items,
       consolidated_at = @now WHERE id = @id`,
  ),
  forgetMeasured: database.prepare(
    'UPDATE clusterings SET measured_share = NULL, measured_items = NULL WHERE collection_id = ?',
  ),
  addCluster: database.prepare('INSERT INTO clusters (clustering_id, created_at) VALUES (?, ?)'),
  cluster: database.prepare('SELECT * FROM clusters WHERE clustering_id = ? AND id = ?'),
  clusters: database.prepare('SELECT * FROM clusters WHERE clustering_id = ? ORDER BY id'),
  mergeInto: database.prepare('UPDATE clusters SET merged_into = @into WHERE id = @id'),
  rename: database.prepare('UPDATE clusters SET name = @name WHERE id = @id'),
  countOpen: database
    .prepare(
      `SELECT count(DISTINCT facilities.cluster_id) FROM clusters
         JOIN facilities ON facilities.cluster_id = clusters.id WHERE clustering_id = ?`,
    )
    .pluck(),
  byId: database.prepare(
    `${sizes} AND clusters.id > @after GROUP BY facilities.cluster_id ORDER BY facilities.cluster_id LIMIT @limit`,
  ),
  bySize: database.prepare(
    `${sizes} GROUP BY facilities.cluster_id ORDER BY size DESC, facilities.cluster_id LIMIT @limit OFFSET @after`,
  ),
});

const now = (): string => new Date().toISOString();

/** The clusters that the items of a collection join, for the collections that have any. */
export class Clusterings {
  readonly members: ClusterMembers;
  readonly history: ClusterHistory;
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
    this.members = new ClusterMembers(database);
    this.history = new ClusterHistory(database);
  }

  /** Nothing for a collection whose items join no clusters. */
  find(collectionId: number): ClusteringRow | undefined {
    const row = this.statements.clustering.get(collectionId);
    return row === undefined ? undefined : parseClustering(row);
  }

  /** Begins to have clusters, or says something else of them. */
  save(collectionId: number, settings: ClusteringSettings): ClusteringRow {
    const { add, change } = this.statements;
    const columns = { ...settings, collectionId };
    if (this.find(collectionId) === undefined) add.run({ ...columns, now: now() });
    else change.run(columns);
    return this.find(collectionId) as ClusteringRow;
  }

  /** With all its clusters. @returns whether there was one */
  remove(collectionId: number): boolean {
    return this.statements.remove.run(collectionId).changes > 0;
  }

  /** Items that came, went or got another picture. */
  countChanges(id: number, changes: number): void {
    this.statements.countChanges.run(changes, id);
  }

  /** As a consolidation is asked for, and as it begins. */
  forgetChanges(id: number): void {
    this.statements.forgetChanges.run(id);
  }

  /** Something was done by hand. */
  countEdit(id: number): void {
    this.statements.countEdit.run(id);
  }

  saveConsolidation(id: number, { facilityCost, measured }: FoundCost): void {
    const { share, items } = measured ?? { share: null, items: null };
    this.statements.consolidated.run({ id, facilityCost, share, items, now: now() });
  }

  /** As another model measures otherwise. */
  forgetMeasured(collectionId: number): void {
    this.statements.forgetMeasured.run(collectionId);
  }

  /** @returns its id */
  addCluster(clusteringId: number): number {
    return Number(this.statements.addCluster.run(clusteringId, now()).lastInsertRowid);
  }

  findCluster(clusteringId: number, id: number): ClusterRow | undefined {
    const row = this.statements.cluster.get(clusteringId, id);
    return row === undefined ? undefined : parseCluster(row);
  }

  /** All there ever were, by ascending id. */
  listClusters(clusteringId: number): ClusterRow[] {
    return this.statements.clusters.all(clusteringId).map(parseCluster);
  }

  /** Of the clusters that have members: by ascending id, or the largest first. */
  listSizes(clusteringId: number, { order, ...page }: ClusterListing): ClusterSize[] {
    const { byId, bySize } = this.statements;
    return (order === 'id' ? byId : bySize).all({ clusteringId, ...page }) as ClusterSize[];
  }

  /** Those that have members. */
  countOpen(clusteringId: number): number {
    return Number(this.statements.countOpen.get(clusteringId));
  }

  /** Its facilities are to be another's by then. */
  mergeCluster(id: number, into: number): void {
    this.statements.mergeInto.run({ id, into });
  }

  renameCluster(id: number, name: string | null): void {
    this.statements.rename.run({ id, name });
  }

  /** Where the members of a merged cluster are now. @returns the cluster itself if it was not merged */
  followMerges(clusteringId: number, id: number): number {
    const seen = new Set<number>();
    for (let at = id; ; ) {
      seen.add(at);
      const into = this.findCluster(clusteringId, at)?.mergedInto ?? null;
      // None goes round unless the rows are damaged, which the doctor tells.
      if (into === null || seen.has(into)) return at;
      at = into;
    }
  }
}
