import type Database from 'better-sqlite3';
import { decodeEmbedding, encodeEmbedding } from './embedding-blob.js';
import { closeDatabase, type OpenOptions, openDatabase } from './open-database.js';
import { type CollectionRow, type ItemRow, parseCollection, parseItem } from './rows.js';

export type NewCollection = Pick<CollectionRow, 'name' | 'modelId' | 'modelDirectory' | 'dimension'>;
/** What is said of an item beside its image. */
export type ItemText = Pick<ItemRow, 'label' | 'metadata'>;
/** What an image is, with its embedding [dimension]. */
export type ItemImage = Pick<ItemRow, 'imageSha256' | 'format' | 'width' | 'height' | 'bytes'> & {
  readonly embedding: Float32Array;
};

const collectionColumns = `SELECT collections.*,
  (SELECT count(*) FROM items WHERE items.collection_id = collections.id) AS items FROM collections`;
const itemColumns = `SELECT items.*, vectors.id AS vector_id
  FROM items JOIN vectors ON vectors.item_id = items.id`;

const prepareStatements = (database: Database.Database) => ({
  collections: database.prepare(`${collectionColumns} ORDER BY name`),
  collection: database.prepare(`${collectionColumns} WHERE name = ?`),
  addCollection: database.prepare(
    `INSERT INTO collections (name, model_id, model_directory, dimension, created_at)
     VALUES (@name, @modelId, @modelDirectory, @dimension, @now)`,
  ),
  countItems: database.prepare('SELECT count(*) FROM items WHERE collection_id = ?').pluck(),
  item: database.prepare(`${itemColumns} WHERE items.collection_id = ? AND items.id = ?`),
  itemsAfter: database.prepare(
    `${itemColumns} WHERE items.collection_id = ? AND items.id > ? ORDER BY items.id LIMIT ?`,
  ),
  itemOfKey: database.prepare(`${itemColumns} WHERE items.collection_id = ? AND items.key = ?`),
  itemOfVector: database.prepare(`${itemColumns} WHERE vectors.id = ?`),
  addItem: database.prepare(
    `INSERT INTO items (collection_id, key, label, metadata, image_sha256, format, width, height, bytes,
       created_at, updated_at)
     VALUES (@collectionId, @key, @label, @metadata, @imageSha256, @format, @width, @height, @bytes, @now, @now)`,
  ),
  updateText: database.prepare(
    'UPDATE items SET label = @label, metadata = @metadata, updated_at = @now WHERE id = @id',
  ),
  updateImage: database.prepare(
    `UPDATE items SET image_sha256 = @imageSha256, format = @format, width = @width, height = @height,
       bytes = @bytes, updated_at = @now WHERE id = @id`,
  ),
  addVector: database.prepare('INSERT INTO vectors (item_id, embedding) VALUES (?, ?)'),
  removeVector: database.prepare('DELETE FROM vectors WHERE item_id = ?'),
  vectorIds: database
    .prepare(
      `SELECT vectors.id FROM vectors JOIN items ON items.id = vectors.item_id
       WHERE items.collection_id = ? ORDER BY vectors.id`,
    )
    .pluck(),
  embedding: database.prepare('SELECT embedding FROM vectors WHERE id = ?').pluck(),
  lastVectorId: database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'vectors'`).pluck(),
});

const now = (): string => new Date().toISOString();

/** What is known of every item, and its embedding: the truth from which any index can be rebuilt. */
export class Catalog {
  private readonly statements: ReturnType<typeof prepareStatements>;

  private constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @throws MedoidError `file-not-found` or `invalid-gallery` */
  static open(path: string, options: OpenOptions): Catalog {
    return new Catalog(openDatabase(path, options));
  }

  close(): void {
    closeDatabase(this.database);
  }

  /** Everything `work` writes is kept or nothing is; everything it reads is of one moment. */
  transaction<T>(work: () => T): T {
    return this.database.transaction(work)();
  }

  /** Changes when another process has written. */
  dataVersion(): number {
    return Number(this.database.pragma('data_version', { simple: true }));
  }

  listCollections(): CollectionRow[] {
    return this.statements.collections.all().map(parseCollection);
  }

  findCollection(name: string): CollectionRow | undefined {
    const row = this.statements.collection.get(name);
    return row === undefined ? undefined : parseCollection(row);
  }

  addCollection(collection: NewCollection): CollectionRow {
    this.statements.addCollection.run({ ...collection, now: now() });
    return parseCollection(this.statements.collection.get(collection.name));
  }

  countItems(collectionId: number): number {
    return Number(this.statements.countItems.get(collectionId));
  }

  findItem(collectionId: number, id: number): ItemRow | undefined {
    return optionalItem(this.statements.item.get(collectionId, id));
  }

  /** By ascending id, from the first one above `afterId`. */
  listItems(
    collectionId: number,
    { afterId, limit }: { readonly afterId: number; readonly limit: number },
  ): ItemRow[] {
    return this.statements.itemsAfter.all(collectionId, afterId, limit).map(parseItem);
  }

  findItemByKey(collectionId: number, key: string): ItemRow | undefined {
    return optionalItem(this.statements.itemOfKey.get(collectionId, key));
  }

  findItemByVector(vectorId: number): ItemRow | undefined {
    return optionalItem(this.statements.itemOfVector.get(vectorId));
  }

  addItem(collectionId: number, key: string, item: ItemText & ItemImage): ItemRow {
    return this.transaction(() => {
      const { embedding, metadata, ...columns } = item;
      const { lastInsertRowid } = this.statements.addItem.run({
        ...columns,
        collectionId,
        key,
        metadata: JSON.stringify(metadata),
        now: now(),
      });
      this.statements.addVector.run(lastInsertRowid, encodeEmbedding(embedding));
      return parseItem(this.statements.item.get(collectionId, lastInsertRowid));
    });
  }

  updateItem(collectionId: number, id: number, { label, metadata }: ItemText): ItemRow {
    this.statements.updateText.run({ id, label, metadata: JSON.stringify(metadata), now: now() });
    return parseItem(this.statements.item.get(collectionId, id));
  }

  /** The item keeps its id; its vector gets a new one, so that an index can see the change by ids alone. */
  replaceItem(collectionId: number, id: number, item: ItemText & ItemImage): ItemRow {
    return this.transaction(() => {
      const { embedding, label, metadata, ...image } = item;
      this.statements.updateImage.run({ ...image, id, now: now() });
      this.statements.removeVector.run(id);
      this.statements.addVector.run(id, encodeEmbedding(embedding));
      return this.updateItem(collectionId, id, { label, metadata });
    });
  }

  /** Ascending. */
  vectorIds(collectionId: number): number[] {
    return this.statements.vectorIds.all(collectionId) as number[];
  }

  /** [dimension]; nothing when the vector is gone. @throws MedoidError `invalid-gallery` */
  findEmbedding(vectorId: number, dimension: number): Float32Array | undefined {
    const blob = this.statements.embedding.get(vectorId);
    return blob === undefined ? undefined : decodeEmbedding(blob as Buffer, dimension);
  }

  /** Highest vector id ever given; 0 while none was. */
  lastVectorId(): number {
    return Number(this.statements.lastVectorId.get() ?? 0);
  }
}

const optionalItem = (row: unknown): ItemRow | undefined => (row === undefined ? undefined : parseItem(row));
