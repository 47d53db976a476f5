import type Database from 'better-sqlite3';
import { type AuditedTableName, auditedTables, findOddity } from './audited-tables.js';
import { closeDatabase, openDatabase } from './open-database.js';

/** A page of rows, by ascending id, from the first one above `afterId`. */
export interface AuditPage {
  readonly afterId: number;
  readonly limit: number;
}

export interface AuditedRow {
  readonly id: number;
  /** Nothing for a row as it should be. */
  readonly oddity: string | undefined;
}

/** A row that refers to one that is not there. */
export interface BrokenLink {
  readonly table: string;
  readonly rowId: number;
  readonly column: string;
  readonly parent: string;
}

/** A vector as it lies in the file. */
export interface StoredVector {
  readonly id: number;
  readonly itemId: number;
  readonly setId: number;
  /** float32, little endian. */
  readonly blob: Buffer;
}

/** An image that items have. */
export interface ItemsImage {
  readonly imageSha256: string;
  /** Smallest and largest size that an item says it has. */
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** The first item that has it, and how many have. */
  readonly itemId: number;
  readonly items: number;
}

export interface ImagesOfFormat {
  readonly format: string;
  readonly itemId: number;
  readonly items: number;
}

export interface StoredItem {
  readonly itemId: number;
  readonly key: string;
  /** Null when it is gone. */
  readonly collection: string | null;
  readonly imageSha256: string;
}

export interface ItemWithoutVector {
  readonly itemId: number;
  readonly setId: number;
}

/** As it lies in the file. */
export interface StoredJob {
  readonly id: number;
  readonly kind: string;
  readonly collection: string;
  readonly input: string;
  readonly checkpoint: string | null;
}

const numberedTables = [
  ...(['collections', 'items', 'vectors', 'embedding_sets', 'loose_images', 'jobs', 'evaluations'] as const),
  ...(['clusterings', 'clusters', 'facilities', 'members', 'cluster_events'] as const),
  ...(['picture_hashes', 'duplicate_decisions', 'decided_items'] as const),
  ...(['duplicate_searches', 'duplicate_groups'] as const),
] as const;
export type NumberedTable = (typeof numberedTables)[number];

/** Ids that were given out are to be at most what SQLite remembers, else they come back. */
export interface SequenceBehind {
  readonly table: NumberedTable;
  readonly sequence: number;
  readonly highestId: number;
}

const ofOtherCollections = `FROM vectors JOIN items ON items.id = item_id JOIN embedding_sets ON embedding_sets.id = set_id
  WHERE embedding_sets.collection_id <> items.collection_id`;

const prepareStatements = (database: Database.Database) => ({
  vectors: database.prepare(
    `SELECT id, item_id AS itemId, set_id AS setId, embedding AS blob FROM vectors
     WHERE id > @afterId ORDER BY id LIMIT @limit`,
  ),
  images: database.prepare(
    `SELECT image_sha256 AS imageSha256, min(bytes) AS leastBytes, max(bytes) AS mostBytes, min(id) AS itemId,
       count(*) AS items FROM items WHERE image_sha256 > ? GROUP BY image_sha256 ORDER BY image_sha256 LIMIT ?`,
  ),
  collectionName: database.prepare('SELECT name FROM collections WHERE id = ?').pluck(),
  active: database.prepare('SELECT 1 FROM collections WHERE active_set_id = ?').pluck(),
  countImages: database.prepare('SELECT count(DISTINCT image_sha256) FROM items').pluck(),
  formats: database.prepare('SELECT format, min(id) AS itemId, count(*) AS items FROM items GROUP BY format'),
  itemName: database.prepare(
    `SELECT items.id AS itemId, key, name AS collection, image_sha256 AS imageSha256 FROM items
     LEFT JOIN collections ON collections.id = collection_id WHERE items.id = ?`,
  ),
  unembedded: database.prepare(
    `SELECT items.id AS itemId, active_set_id AS setId
     FROM items JOIN collections ON collections.id = items.collection_id
       JOIN embedding_sets ON embedding_sets.id = active_set_id
     WHERE items.id > @afterId
       AND NOT EXISTS (SELECT 1 FROM vectors WHERE item_id = items.id AND set_id = active_set_id)
     ORDER BY items.id LIMIT @limit`,
  ),
  withoutSet: database
    .prepare(
      `SELECT name FROM collections LEFT JOIN embedding_sets ON embedding_sets.id = active_set_id
       WHERE embedding_sets.id IS NULL OR embedding_sets.collection_id <> collections.id ORDER BY name`,
    )
    .pluck(),
  ofOtherCollections: database.prepare(`SELECT vectors.id ${ofOtherCollections}`).pluck(),
  strayFacilities: database
    .prepare(
      `SELECT facilities.id FROM facilities
       WHERE NOT EXISTS (SELECT 1 FROM members WHERE item_id = facilities.item_id AND facility_id = facilities.id)
       ORDER BY facilities.id`,
    )
    .pluck(),
  strayMembers: database
    .prepare(
      `SELECT members.id FROM members JOIN items ON items.id = members.item_id
         JOIN facilities ON facilities.id = facility_id JOIN clusters ON clusters.id = cluster_id
         JOIN clusterings ON clusterings.id = clustering_id
       WHERE clusterings.collection_id <> items.collection_id ORDER BY members.id`,
    )
    .pluck(),
  merges: database.prepare(
    'SELECT id, merged_into AS mergedInto FROM clusters WHERE merged_into IS NOT NULL ORDER BY id',
  ),
  sequence: database.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck(),
  jobs: database.prepare(
    `SELECT jobs.id, kind, ifnull(name, '') AS collection, input, checkpoint FROM jobs
     LEFT JOIN collections ON collections.id = collection_id
     WHERE state IN ('queued', 'running') ORDER BY jobs.id`,
  ),
  strayHashes: database
    .prepare(
      `SELECT image_sha256 FROM picture_hashes
       WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.image_sha256 = picture_hashes.image_sha256) ORDER BY id`,
    )
    .pluck(),
  countLoose: database.prepare('SELECT count(*) FROM loose_images').pluck(),
  loose: database.prepare('SELECT 1 FROM loose_images WHERE image_sha256 = ? LIMIT 1').pluck(),
});

/**
 * Reads a catalog row by row as it lies in the file, whether its rows fit each other or not, in pages so short that
 * whoever writes never waits.
 */
export class CatalogAudit {
  private readonly statements: ReturnType<typeof prepareStatements>;

  private constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @throws MedoidError `file-not-found` or `invalid-gallery` */
  static open(path: string): CatalogAudit {
    return new CatalogAudit(openDatabase(path, { access: 'read' }));
  }

  close(): void {
    closeDatabase(this.database);
  }

  /** Whether the last one who wrote has closed it: nobody writes, and nobody was killed. */
  isClosed(): boolean {
    // The log is what writers leave behind only when they are killed. SQLite looks at the file when it reads from it.
    this.statements.collectionName.get(0);
    return this.database.pragma('journal_mode', { simple: true }) !== 'wal';
  }

  listRows(table: AuditedTableName, page: AuditPage): AuditedRow[] {
    const rows = this.database.prepare(auditedTables[table].sql).all(page) as { id: number }[];
    return rows.map(row => ({ id: row.id, oddity: findOddity(table, row) }));
  }

  listVectors(page: AuditPage): StoredVector[] {
    return this.statements.vectors.all(page) as StoredVector[];
  }

  /** Ascending, from the first one above `afterSha256`. */
  listImages(afterSha256: string, limit: number): ItemsImage[] {
    return this.statements.images.all(afterSha256, limit) as ItemsImage[];
  }

  findCollectionName(id: number): string | undefined {
    return this.statements.collectionName.get(id) as string | undefined;
  }

  /** Whether a collection is searched with the set. */
  isActive(setId: number): boolean {
    return this.statements.active.get(setId) !== undefined;
  }

  countImages(): number {
    return Number(this.statements.countImages.get());
  }

  /** Of the images that items have, with the first item that has one of it. */
  listFormats(): ImagesOfFormat[] {
    return this.statements.formats.all() as ImagesOfFormat[];
  }

  findItem(itemId: number): StoredItem | undefined {
    return this.statements.itemName.get(itemId) as StoredItem | undefined;
  }

  /** Items that have no vector in the set that their collection is searched with. */
  listUnembedded(page: AuditPage): ItemWithoutVector[] {
    return this.statements.unembedded.all(page) as ItemWithoutVector[];
  }

  /** Names of collections whose set of vectors is not there, or is another's. */
  listWithoutSet(): string[] {
    return this.statements.withoutSet.all() as string[];
  }

  listBrokenLinks(): BrokenLink[] {
    const broken = this.database.prepare('PRAGMA foreign_key_check').all();
    return (broken as { table: string; rowid: number; parent: string; fkid: number }[]).map(
      ({ table, rowid, parent, fkid }) => ({
        table,
        rowId: rowid,
        parent,
        column: this.columnOf(table, fkid),
      }),
    );
  }

  /** Ids of vectors in a set of another collection than their item's. */
  listVectorsOfOtherCollections(): number[] {
    return this.statements.ofOtherCollections.all() as number[];
  }

  /** Facilities whose item is not one of their members. */
  listStrayFacilities(): number[] {
    return this.statements.strayFacilities.all() as number[];
  }

  /** Members of a cluster of another collection than theirs. */
  listStrayMembers(): number[] {
    return this.statements.strayMembers.all() as number[];
  }

  /** Of clusters that were merged, by ascending id. */
  listMerges(): { readonly id: number; readonly mergedInto: number }[] {
    return this.statements.merges.all() as { id: number; mergedInto: number }[];
  }

  listSequencesBehind(): SequenceBehind[] {
    return numberedTables.flatMap(table => {
      const highestId = Number(
        this.database.prepare(`SELECT ifnull(max(id), 0) FROM ${table}`).pluck().get(),
      );
      const sequence = Number(this.statements.sequence.get(table) ?? 0);
      return sequence < highestId ? [{ table, sequence, highestId }] : [];
    });
  }

  /** Those that have not ended. */
  listJobs(): StoredJob[] {
    return this.statements.jobs.all() as StoredJob[];
  }

  /** Of images that no item has. */
  listStrayHashes(): string[] {
    return this.statements.strayHashes.all() as string[];
  }

  countLooseImages(): number {
    return Number(this.statements.countLoose.get());
  }

  isLoose(imageSha256: string): boolean {
    return this.statements.loose.get(imageSha256) !== undefined;
  }

  private columnOf(table: string, foreignKey: number): string {
    const keys = this.database.pragma(`foreign_key_list(${table})`) as { id: number; from: string }[];
    return keys.find(({ id }) => id === foreignKey)?.from ?? '';
  }
}
