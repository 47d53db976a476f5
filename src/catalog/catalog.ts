import type Database from 'better-sqlite3';
import { storageTrouble } from '../storage-trouble.js';
import { collectionColumns, itemColumns } from './catalog-columns.js';
import { Clusterings } from './clusterings.js';
import { countWrites } from './count-writes.js';
import { DecisionTable } from './decision-table.js';
import { DuplicateTable } from './duplicate-table.js';
import { encodeEmbedding } from './embedding-blob.js';
import { EmbeddingSets, type NewEmbeddingSet } from './embedding-sets.js';
import { EvaluationTable } from './evaluation-table.js';
import type { ItemWhere } from './item-where.js';
import { JobTable } from './job-table.js';
import { closeDatabase, type OpenOptions, openDatabase } from './open-database.js';
import { PictureHashTable, type StoredHash } from './picture-hash-table.js';
import { type CollectionRow, type ItemRow, parseCollection, parseItem } from './rows.js';

export type NewCollection = Pick<CollectionRow, 'name'> & NewEmbeddingSet;
/** What is said of an item beside its image. */
export type ItemText = Pick<ItemRow, 'label' | 'metadata'>;
/** What an image is, with its embedding [dimension]. */
export type ItemImage = Pick<ItemRow, 'imageSha256' | 'format' | 'width' | 'height' | 'bytes'> & {
  readonly embedding: Float32Array;
  /** Perceptual; made when it is asked for unless given. */
  readonly hash?: StoredHash | undefined;
};

/** An image that an item let go of, once for each time. */
export interface LooseImage {
  readonly id: number;
  readonly imageSha256: string;
}

const prepareStatements = (database: Database.Database) => ({
  collections: database.prepare(`${collectionColumns} ORDER BY name`),
  collection: database.prepare(`${collectionColumns} WHERE name = ?`),
  collectionId: database.prepare('SELECT id FROM collections WHERE name = ?').pluck(),
  addCollection: database.prepare('INSERT INTO collections (name, created_at) VALUES (?, ?)'),
  removeCollection: database.prepare('DELETE FROM collections WHERE id = ?'),
  countItems: database.prepare('SELECT count(*) FROM items WHERE collection_id = ?').pluck(),
  item: database.prepare(`${itemColumns} WHERE items.collection_id = ? AND items.id = ?`),
  itemsAfter: database.prepare(
    `${itemColumns} WHERE items.collection_id = ? AND items.id > ? ORDER BY items.id LIMIT ?`,
  ),
  itemOfKey: database.prepare(`${itemColumns} WHERE items.collection_id = ? AND items.key = ?`),
  dataVersion: database.prepare('PRAGMA data_version').pluck(),
  itemOfVector: database.prepare(
    `SELECT items.*, vectors.id AS vector_id FROM items JOIN vectors ON vectors.item_id = items.id
     WHERE vectors.id = ?`,
  ),
  addItem: database.prepare(
    `INSERT INTO items (collection_id, key, label, metadata, image_sha256, format, width, height, bytes,
       created_at, updated_at)
     VALUES (@collectionId, @key, @label, @metadata, @imageSha256, @format, @width, @height, @bytes, @now, @now)`,
  ),
  vectorOfItem: database
    .prepare(
      `SELECT vectors.id FROM items JOIN collections ON collections.id = collection_id
       JOIN vectors ON vectors.item_id = items.id AND vectors.set_id = active_set_id
       WHERE collection_id = ? AND items.id = ?`,
    )
    .pluck(),
  idOfKey: database.prepare('SELECT id FROM items WHERE collection_id = ? AND key = ?').pluck(),
  removeItem: database.prepare('DELETE FROM items WHERE id = ?'),
  itemWithImage: database.prepare('SELECT 1 FROM items WHERE id = ? AND image_sha256 = ?').pluck(),
  itemOfImage: database.prepare('SELECT 1 FROM items WHERE image_sha256 = ? LIMIT 1').pluck(),
  looseImages: database.prepare(
    'SELECT id, image_sha256 AS imageSha256 FROM loose_images WHERE id > ? ORDER BY id LIMIT ?',
  ),
  addLooseImage: database.prepare('INSERT INTO loose_images (image_sha256) VALUES (?)'),
  forgetLooseImage: database.prepare('DELETE FROM loose_images WHERE id = ?'),
  updateText: database.prepare(
    'UPDATE items SET label = @label, metadata = @metadata, updated_at = @now WHERE id = @id',
  ),
  updateImage: database.prepare(
    `UPDATE items SET image_sha256 = @imageSha256, format = @format, width = @width, height = @height,
       bytes = @bytes, updated_at = @now WHERE id = @id`,
  ),
  addVector: database.prepare(
    `INSERT INTO vectors (item_id, set_id, embedding)
     SELECT items.id, active_set_id, @embedding FROM items JOIN collections ON collections.id = collection_id
     WHERE items.id = @id`,
  ),
  removeVectors: database.prepare('DELETE FROM vectors WHERE item_id = ?'),
});

const now = (): string => new Date().toISOString();

/** What is known of every item, and its embedding: the truth from which any index can be rebuilt. */
export class Catalog {
  readonly sets: EmbeddingSets;
  readonly jobs: JobTable;
  readonly evaluations: EvaluationTable;
  readonly clusterings: Clusterings;
  readonly hashes: PictureHashTable;
  readonly decisions: DecisionTable;
  readonly duplicates: DuplicateTable;
  private readonly statements: ReturnType<typeof prepareStatements>;

  /** Made once: to make it takes longer than to begin and end a transaction. */
  private readonly inTransaction: (work: () => unknown) => unknown;

  private readonly ownWrites: () => number;

  private constructor(private readonly database: Database.Database) {
    this.ownWrites = countWrites(database, ['items', 'vectors']);
    this.statements = prepareStatements(database);
    this.inTransaction = database.transaction((work: () => unknown) => work());
    this.sets = new EmbeddingSets(database);
    this.jobs = new JobTable(database);
    this.evaluations = new EvaluationTable(database);
    this.clusterings = new Clusterings(database);
    this.hashes = new PictureHashTable(database);
    this.decisions = new DecisionTable(database);
    this.duplicates = new DuplicateTable(database);
  }

  /** @throws MedoidError `file-not-found` or `invalid-gallery` */
  static open(path: string, options: OpenOptions): Catalog {
    return new Catalog(openDatabase(path, options));
  }

  close(): void {
    closeDatabase(this.database);
  }

  /** Brings the write-ahead log into the file, as far as that can be done, so that it takes no room. */
  shrinkLog(): void {
    try {
      this.database.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      if (storageTrouble(error) === undefined) throw error;
    }
  }

  /** Everything `work` writes is kept or nothing is; everything it reads is of one moment. */
  transaction<T>(work: () => T): T {
    return this.inTransaction(work) as T;
  }

  /** Changes with every item and vector that this process writes, and with everything that another does. */
  changeStamp(): string {
    return `${this.dataVersion()}/${this.ownWrites()}`;
  }

  /** Changes when another process has written. */
  dataVersion(): number {
    return this.statements.dataVersion.get() as number;
  }

  listCollections(): CollectionRow[] {
    return this.statements.collections.all().map(parseCollection);
  }

  findCollection(name: string): CollectionRow | undefined {
    const row = this.statements.collection.get(name);
    return row === undefined ? undefined : parseCollection(row);
  }

  /** Without counting its items. */
  findCollectionId(name: string): number | undefined {
    return this.statements.collectionId.get(name) as number | undefined;
  }

  addCollection({ name, ...set }: NewCollection): CollectionRow {
    return this.transaction(() => {
      const id = Number(this.statements.addCollection.run(name, now()).lastInsertRowid);
      this.sets.activate(id, this.sets.ensure(id, set).id);
      return parseCollection(this.statements.collection.get(name));
    });
  }

  /** With all its items, vectors, jobs and evaluations. */
  removeCollection(id: number): void {
    this.statements.removeCollection.run(id);
  }

  countItems(collectionId: number): number {
    return Number(this.statements.countItems.get(collectionId));
  }

  findItem(collectionId: number, id: number): ItemRow | undefined {
    return optionalItem(this.statements.item.get(collectionId, id));
  }

  /** By ascending id, from the first one above `afterId`; only those that the condition holds for, if there is one. */
  listItems(
    collectionId: number,
    { afterId, limit, where }: { afterId: number; limit: number; where?: ItemWhere | undefined },
  ): ItemRow[] {
    if (where === undefined) {
      return this.statements.itemsAfter.all(collectionId, afterId, limit).map(parseItem);
    }
    return this.database
      .prepare(
        `${itemColumns} WHERE items.collection_id = ? AND items.id > ? AND (${where.sql})
         ORDER BY items.id LIMIT ?`,
      )
      .all(collectionId, afterId, ...where.parameters, limit)
      .map(parseItem);
  }

  /** Ascending. */
  itemIdsWhere(collectionId: number, { sql, parameters }: ItemWhere): number[] {
    return this.database
      .prepare(`SELECT items.id FROM items WHERE items.collection_id = ? AND (${sql}) ORDER BY items.id`)
      .pluck()
      .all(collectionId, ...parameters) as number[];
  }

  findItemId(collectionId: number, key: string): number | undefined {
    return this.statements.idOfKey.get(collectionId, key) as number | undefined;
  }

  findItemByKey(collectionId: number, key: string): ItemRow | undefined {
    return optionalItem(this.statements.itemOfKey.get(collectionId, key));
  }

  findItemByVector(vectorId: number): ItemRow | undefined {
    return optionalItem(this.statements.itemOfVector.get(vectorId));
  }

  addItem(collectionId: number, key: string, item: ItemText & ItemImage): ItemRow {
    return this.transaction(() => {
      const { embedding, hash, metadata, ...columns } = item;
      const { lastInsertRowid } = this.statements.addItem.run({
        ...columns,
        collectionId,
        key,
        metadata: JSON.stringify(metadata),
        now: now(),
      });
      this.statements.addVector.run({ id: lastInsertRowid, embedding: encodeEmbedding(embedding) });
      if (hash !== undefined) this.hashes.add(item.imageSha256, hash);
      return parseItem(this.statements.item.get(collectionId, lastInsertRowid));
    });
  }

  updateItem(collectionId: number, id: number, { label, metadata }: ItemText): ItemRow {
    this.statements.updateText.run({ id, label, metadata: JSON.stringify(metadata), now: now() });
    return parseItem(this.statements.item.get(collectionId, id));
  }

  /**
   * The item keeps its id; it loses its vectors, of every model, and gets one with a new id in the set that is searched:
   * an index can see the change by ids alone.
   */
  replaceItem(collectionId: number, id: number, item: ItemText & ItemImage): ItemRow {
    return this.transaction(() => {
      const { embedding, hash, label, metadata, ...image } = item;
      this.statements.updateImage.run({ ...image, id, now: now() });
      if (hash !== undefined) this.hashes.add(image.imageSha256, hash);
      this.statements.removeVectors.run(id);
      this.statements.addVector.run({ id, embedding: encodeEmbedding(embedding) });
      return this.updateItem(collectionId, id, { label, metadata });
    });
  }

  /** @returns id of the vector, in the set that is searched, that went with it; nothing when there is no such item */
  removeItem(collectionId: number, id: number): number | undefined {
    return this.transaction(() => {
      const vectorId = this.statements.vectorOfItem.get(collectionId, id) as number | undefined;
      if (vectorId !== undefined) this.statements.removeItem.run(id);
      return vectorId;
    });
  }

  /** Has an image looked at as if an item had let go of it. */
  addLooseImage(imageSha256: string): void {
    this.statements.addLooseImage.run(imageSha256);
  }

  /** Whether an item of any collection has it. */
  hasImage(imageSha256: string): boolean {
    return this.statements.itemOfImage.get(imageSha256) !== undefined;
  }

  hasItemWithImage(id: number, imageSha256: string): boolean {
    return this.statements.itemWithImage.get(id, imageSha256) !== undefined;
  }

  /** Images that items let go of, removed or replaced: nothing may need them any more. By ascending id. */
  listLooseImages({ afterId, limit }: { readonly afterId: number; readonly limit: number }): LooseImage[] {
    return this.statements.looseImages.all(afterId, limit) as LooseImage[];
  }

  forgetLooseImages(ids: readonly number[]): void {
    this.transaction(() => {
      for (const id of ids) this.statements.forgetLooseImage.run(id);
    });
  }
}

const optionalItem = (row: unknown): ItemRow | undefined => (row === undefined ? undefined : parseItem(row));
