import type Database from 'better-sqlite3';
import { encodeEmbedding } from './embedding-blob.js';
import { EmbeddingSets, type NewEmbeddingSet } from './embedding-sets.js';
import { closeDatabase, type OpenOptions, openDatabase } from './open-database.js';
import { type CollectionRow, type ItemRow, parseCollection, parseItem } from './rows.js';

export type NewCollection = Pick<CollectionRow, 'name'> & NewEmbeddingSet;
/** What is said of an item beside its image. */
export type ItemText = Pick<ItemRow, 'label' | 'metadata'>;
/** What an image is, with its embedding [dimension]. */
export type ItemImage = Pick<ItemRow, 'imageSha256' | 'format' | 'width' | 'height' | 'bytes'> & {
  readonly embedding: Float32Array;
};

const collectionColumns = `SELECT collections.*, model_id, dimension,
  (SELECT count(*) FROM items WHERE items.collection_id = collections.id) AS items
  FROM collections JOIN embedding_sets ON embedding_sets.id = active_set_id`;
/** With the vector of the set that is searched. */
const itemColumns = `SELECT items.*, vectors.id AS vector_id FROM items
  JOIN collections ON collections.id = items.collection_id
  JOIN vectors ON vectors.item_id = items.id AND vectors.set_id = active_set_id`;

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
  itemOfVector: database.prepare(
    `SELECT items.*, vectors.id AS vector_id FROM items JOIN vectors ON vectors.item_id = items.id
     WHERE vectors.id = ?`,
  ),
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
  private readonly statements: ReturnType<typeof prepareStatements>;

  private constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
    this.sets = new EmbeddingSets(database);
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

  /** With all its items, vectors and jobs. */
  removeCollection(id: number): void {
    this.statements.removeCollection.run(id);
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
      this.statements.addVector.run({ id: lastInsertRowid, embedding: encodeEmbedding(embedding) });
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
      const { embedding, label, metadata, ...image } = item;
      this.statements.updateImage.run({ ...image, id, now: now() });
      this.statements.removeVectors.run(id);
      this.statements.addVector.run({ id, embedding: encodeEmbedding(embedding) });
      return this.updateItem(collectionId, id, { label, metadata });
    });
  }
}

const optionalItem = (row: unknown): ItemRow | undefined => (row === undefined ? undefined : parseItem(row));
