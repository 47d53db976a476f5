import type Database from 'better-sqlite3';
import type { SequenceBehind } from './catalog-audit.js';
import { encodeEmbedding } from './embedding-blob.js';
import { closeDatabase, openDatabase } from './open-database.js';

const prepareStatements = (database: Database.Database) => ({
  removeSequence: database.prepare('DELETE FROM sqlite_sequence WHERE name = ?'),
  addSequence: database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)'),
  // Asked again: what fits by now stays.
  removeOrphan: database.prepare(
    `DELETE FROM vectors WHERE id = ? AND NOT EXISTS (SELECT 1 FROM items JOIN embedding_sets
       ON embedding_sets.collection_id = items.collection_id
       WHERE items.id = item_id AND embedding_sets.id = set_id)`,
  ),
  forgetPreviousSets: database.prepare(
    `UPDATE collections SET previous_set_id = NULL
     WHERE previous_set_id IS NOT NULL AND previous_set_id NOT IN (SELECT id FROM embedding_sets)`,
  ),
  // Each time those whose parents are gone; what the triggers say of the rest is done with it.
  removeOrphanDecided: database.prepare(
    `DELETE FROM decided_items WHERE item_id NOT IN (SELECT id FROM items)
       OR decision_id NOT IN (SELECT id FROM duplicate_decisions)`,
  ),
  removeOrphanDecisions: database.prepare(
    'DELETE FROM duplicate_decisions WHERE collection_id NOT IN (SELECT id FROM collections)',
  ),
  removeOrphanGroups: database.prepare(
    'DELETE FROM duplicate_groups WHERE search_id NOT IN (SELECT id FROM duplicate_searches)',
  ),
  removeOrphanSearches: database.prepare(
    'DELETE FROM duplicate_searches WHERE collection_id NOT IN (SELECT id FROM collections)',
  ),
  removeStrayHashes: database.prepare(
    `DELETE FROM picture_hashes
     WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.image_sha256 = picture_hashes.image_sha256)`,
  ),
  saveSize: database.prepare(
    'UPDATE items SET bytes = @bytes WHERE image_sha256 = @imageSha256 AND bytes <> @bytes',
  ),
  removeVector: database.prepare('DELETE FROM vectors WHERE item_id = @itemId AND set_id = @setId'),
  addVector: database.prepare(
    `INSERT INTO vectors (item_id, set_id, embedding)
     SELECT id, @setId, @embedding FROM items WHERE id = @itemId AND image_sha256 = @imageSha256`,
  ),
});

/** The vector that an item is to have in a set. */
export interface VectorOfItem {
  readonly setId: number;
  readonly itemId: number;
  /** Of the image that it was made of. */
  readonly imageSha256: string;
  /** [dimension] */
  readonly embedding: Float32Array;
}

/** Tables of which a row says nothing by itself. */
const clusterTables = ['clusterings', 'clusters', 'facilities', 'members', 'cluster_events'] as const;
export type ClusterTable = (typeof clusterTables)[number];

export const isClusterTable = (table: string): table is ClusterTable =>
  clusterTables.some(name => name === table);

/** Mends rows of a catalog, each call all or nothing. To be opened by whoever holds the write lock. */
export class CatalogRepair {
  private readonly statements: ReturnType<typeof prepareStatements>;

  private constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @throws MedoidError `file-not-found` or `invalid-gallery` */
  static open(path: string): CatalogRepair {
    return new CatalogRepair(openDatabase(path, { access: 'write' }));
  }

  close(): void {
    closeDatabase(this.database);
  }

  setSequence({ table, highestId }: SequenceBehind): void {
    this.database.transaction(() => {
      this.statements.removeSequence.run(table);
      this.statements.addSequence.run(table, highestId);
    })();
  }

  /** Of items or sets that are gone, or that do not belong together; any other is left. */
  removeOrphanVectors(ids: readonly number[]): void {
    this.database.transaction(() => {
      for (const id of ids) this.statements.removeOrphan.run(id);
    })();
  }

  /** With what refers to them. Items that are in no cluster then join one when clusters are consolidated. */
  removeClusterRows(table: ClusterTable, ids: readonly number[]): void {
    const remove = this.database.prepare(`DELETE FROM ${table} WHERE id = ?`);
    this.database.transaction(() => {
      for (const id of ids) remove.run(id);
    })();
  }

  /** Of clusters whose items are nowhere. */
  forgetMerges(ids: readonly number[]): void {
    const forget = this.database.prepare('UPDATE clusters SET merged_into = NULL WHERE id = ?');
    this.database.transaction(() => {
      for (const id of ids) forget.run(id);
    })();
  }

  /** That are gone. */
  forgetPreviousSets(): void {
    this.statements.forgetPreviousSets.run();
  }

  /** Of what was found or decided of duplicates, what belongs to something that is gone. */
  removeOrphanDuplicates(): void {
    this.database.transaction(() => {
      this.statements.removeOrphanDecisions.run();
      this.statements.removeOrphanDecided.run();
      this.statements.removeOrphanSearches.run();
      this.statements.removeOrphanGroups.run();
    })();
  }

  /** Of images that no item has. */
  removeStrayHashes(): void {
    this.statements.removeStrayHashes.run();
  }

  /** Of all items that have the image. */
  saveImageSize(imageSha256: string, bytes: number): void {
    this.statements.saveSize.run({ imageSha256, bytes });
  }

  /** They get new ids: an index can see the change by ids alone. One whose item has another image by now is passed over. */
  replaceVectors(vectors: readonly VectorOfItem[]): void {
    this.database.transaction(() => {
      for (const { embedding, ...vector } of vectors) {
        this.statements.removeVector.run({ itemId: vector.itemId, setId: vector.setId });
        this.statements.addVector.run({ ...vector, embedding: encodeEmbedding(embedding) });
      }
    })();
  }
}
