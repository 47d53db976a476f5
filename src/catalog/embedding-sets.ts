import type Database from 'better-sqlite3';
import { decodeEmbedding, encodeEmbedding } from './embedding-blob.js';
import type { ItemWhere } from './item-where.js';
import { type EmbeddingSetRow, parseEmbeddingSet } from './rows.js';

export type NewEmbeddingSet = Pick<EmbeddingSetRow, 'modelId' | 'modelDirectory' | 'dimension'>;

/** A vector, whose it is, and what is known of that item. */
export interface EmbeddedItem {
  readonly itemId: number;
  readonly vectorId: number;
  readonly label: string | null;
  readonly imageSha256: string;
  /** Pixels, as seen. */
  readonly width: number;
  readonly height: number;
  /** Size of the image as it was given. */
  readonly bytes: number;
}

/** An item whose image is still to be embedded. */
export interface UnembeddedItem {
  readonly id: number;
  readonly imageSha256: string;
}

const idsAtOnce = 1000;

const prepareStatements = (database: Database.Database) => ({
  add: database.prepare(
    `INSERT INTO embedding_sets (collection_id, model_id, model_directory, dimension, created_at)
     VALUES (@collectionId, @modelId, @modelDirectory, @dimension, @now)`,
  ),
  set: database.prepare('SELECT * FROM embedding_sets WHERE id = ?'),
  ofModel: database.prepare('SELECT * FROM embedding_sets WHERE collection_id = ? AND model_id = ?'),
  active: database.prepare(
    `SELECT embedding_sets.* FROM collections JOIN embedding_sets ON embedding_sets.id = active_set_id
     WHERE collections.id = ?`,
  ),
  ids: database.prepare('SELECT id FROM embedding_sets ORDER BY id').pluck(),
  idsOfCollection: database
    .prepare('SELECT id FROM embedding_sets WHERE collection_id = ? ORDER BY id')
    .pluck(),
  activate: database.prepare(
    `UPDATE collections SET previous_set_id = active_set_id, active_set_id = @setId
     WHERE id = @collectionId AND active_set_id IS NOT @setId`,
  ),
  removeOlder: database
    .prepare(
      `DELETE FROM embedding_sets WHERE collection_id = @collectionId AND id NOT IN
         (SELECT active_set_id FROM collections WHERE id = @collectionId
          UNION SELECT ifnull(previous_set_id, 0) FROM collections WHERE id = @collectionId)
       RETURNING id`,
    )
    .pluck(),
  saveRecall: database.prepare('UPDATE embedding_sets SET recall = ? WHERE id = ?'),
  vectorIds: database.prepare('SELECT id FROM vectors WHERE set_id = ? ORDER BY id').pluck(),
  vectorIdsAfter: database
    .prepare('SELECT id FROM vectors WHERE set_id = ? AND id > ? ORDER BY id LIMIT ?')
    .pluck(),
  hasVector: database.prepare('SELECT 1 FROM vectors WHERE id = ? AND set_id = ?').pluck(),
  state: database
    .prepare(`SELECT count(*) || '/' || ifnull(max(id), 0) FROM vectors WHERE set_id = ?`)
    .pluck(),
  embedding: database.prepare('SELECT embedding FROM vectors WHERE id = ?').pluck(),
  embeddingOfItem: database.prepare('SELECT embedding FROM vectors WHERE item_id = ? AND set_id = ?').pluck(),
  label: database
    .prepare('SELECT label FROM vectors JOIN items ON items.id = item_id WHERE vectors.id = ?')
    .pluck(),
  labels: database
    .prepare('SELECT vectors.id, label FROM vectors JOIN items ON items.id = item_id WHERE set_id = ?')
    .raw(),
  vectorOfItem: database.prepare('SELECT id FROM vectors WHERE item_id = ? AND set_id = ?').pluck(),
  lastVectorId: database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'vectors'`).pluck(),
  embedded: database.prepare(
    `SELECT items.id AS itemId, vectors.id AS vectorId, label, image_sha256 AS imageSha256,
       width, height, bytes
     FROM vectors JOIN items ON items.id = item_id WHERE set_id = ? ORDER BY items.id`,
  ),
  embeddedItem: database.prepare(
    `SELECT items.id AS itemId, vectors.id AS vectorId, label, image_sha256 AS imageSha256,
       width, height, bytes
     FROM vectors JOIN items ON items.id = item_id WHERE set_id = ? AND items.id = ?`,
  ),
  unembedded: database.prepare(
    `SELECT id, image_sha256 AS imageSha256 FROM items
     WHERE collection_id = (SELECT collection_id FROM embedding_sets WHERE id = @setId)
       AND id > @afterId AND NOT EXISTS (SELECT 1 FROM vectors WHERE item_id = items.id AND set_id = @setId)
     ORDER BY id LIMIT @limit`,
  ),
  countVectors: database.prepare('SELECT count(*) FROM vectors WHERE set_id = ?').pluck(),
  countUnembedded: database
    .prepare(
      `SELECT (SELECT count(*) FROM items WHERE collection_id =
           (SELECT collection_id FROM embedding_sets WHERE id = @setId))
         - (SELECT count(*) FROM vectors WHERE set_id = @setId)`,
    )
    .pluck(),
  // Nothing where the item is gone or has got another image since it was read.
  addVector: database.prepare(
    `INSERT INTO vectors (item_id, set_id, embedding)
     SELECT id, @setId, @embedding FROM items WHERE id = @itemId AND image_sha256 = @imageSha256`,
  ),
});

/** The vectors of the catalog: each collection has a set of them for the model it is searched with, and for others. */
export class EmbeddingSets {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  find(id: number): EmbeddingSetRow | undefined {
    return optionalSet(this.statements.set.get(id));
  }

  /** The one that is searched; nothing when the collection is gone. */
  findActive(collectionId: number): EmbeddingSetRow | undefined {
    return optionalSet(this.statements.active.get(collectionId));
  }

  /** Of all collections, or of one; ascending. */
  ids(collectionId?: number): number[] {
    const { ids, idsOfCollection } = this.statements;
    return (collectionId === undefined ? ids.all() : idsOfCollection.all(collectionId)) as number[];
  }

  /** The set of that model: the one there is, or a new, empty one. */
  ensure(collectionId: number, set: NewEmbeddingSet): EmbeddingSetRow {
    const existing = optionalSet(this.statements.ofModel.get(collectionId, set.modelId));
    if (existing !== undefined) return existing;
    const now = new Date().toISOString();
    const { lastInsertRowid } = this.statements.add.run({ ...set, collectionId, now });
    return parseEmbeddingSet(this.statements.set.get(lastInsertRowid));
  }

  /**
   * Makes a set the one that is searched and keeps the one before; older ones are removed.
   * @returns ids of the sets removed
   */
  activate(collectionId: number, setId: number): number[] {
    return this.database.transaction(() => {
      this.statements.activate.run({ collectionId, setId });
      return this.statements.removeOlder.all({ collectionId }) as number[];
    })();
  }

  saveRecall(id: number, recall: EmbeddingSetRow['recall']): void {
    this.statements.saveRecall.run(recall === null ? null : JSON.stringify(recall), id);
  }

  /** Ascending. */
  vectorIds(setId: number): number[] {
    return this.statements.vectorIds.all(setId) as number[];
  }

  /** Ascending, a page at a time; what is written meanwhile may or may not be among them. */
  *eachVectorId(setId: number): Generator<number> {
    for (let afterId = 0; ; ) {
      const ids = this.statements.vectorIdsAfter.all(setId, afterId, idsAtOnce) as number[];
      if (ids.length === 0) return;
      yield* ids;
      afterId = ids[ids.length - 1];
    }
  }

  hasVector(setId: number, vectorId: number): boolean {
    return this.statements.hasVector.get(vectorId, setId) !== undefined;
  }

  /**
   * Tells apart what the set has held over time, and never comes back once it has changed: ids only ever grow, so a set
   * with the same count and the same highest id has neither got nor lost a vector.
   */
  vectorState(setId: number): string {
    return this.statements.state.get(setId) as string;
  }

  /** Vectors of the items that a condition holds for, in no order that may be relied on. */
  vectorIdsWhere(setId: number, { sql, parameters }: ItemWhere): number[] {
    return this.database
      .prepare(
        `SELECT vectors.id FROM items JOIN vectors ON vectors.item_id = items.id AND vectors.set_id = ?
         WHERE (${sql})`,
      )
      .pluck()
      .all(setId, ...parameters) as number[];
  }

  /** [dimension]; nothing when the vector is gone. @throws MedoidError `invalid-gallery` */
  findEmbedding(vectorId: number, dimension: number): Float32Array | undefined {
    return optionalEmbedding(this.statements.embedding.get(vectorId), dimension);
  }

  /** Null for an item without one, and for a vector that is gone. */
  findLabel(vectorId: number): string | null {
    return (this.statements.label.get(vectorId) as string | null | undefined) ?? null;
  }

  /** Of all vectors of the set, by their ids. */
  listLabels(setId: number): [vectorId: number, label: string | null][] {
    return this.statements.labels.all(setId) as [number, string | null][];
  }

  /** Nothing when the item is not in the set. */
  findVectorId(setId: number, itemId: number): number | undefined {
    return this.statements.vectorOfItem.get(itemId, setId) as number | undefined;
  }

  /** [dimension]; nothing when the item is not in the set. @throws MedoidError `invalid-gallery` */
  findItemEmbedding({ id, dimension }: EmbeddingSetRow, itemId: number): Float32Array | undefined {
    return optionalEmbedding(this.statements.embeddingOfItem.get(itemId, id), dimension);
  }

  /** Highest vector id ever given; 0 while none was. */
  lastVectorId(): number {
    return Number(this.statements.lastVectorId.get() ?? 0);
  }

  /** By ascending id of the item. */
  listEmbedded(setId: number): EmbeddedItem[] {
    return this.statements.embedded.all(setId) as EmbeddedItem[];
  }

  /** Nothing when the item is not in the set. */
  findEmbedded(setId: number, itemId: number): EmbeddedItem | undefined {
    return this.statements.embeddedItem.get(setId, itemId) as EmbeddedItem | undefined;
  }

  /** Items of the set's collection that have no vector in it, by ascending id, from the first one above `afterId`. */
  listUnembedded(
    setId: number,
    { afterId, limit }: { readonly afterId: number; readonly limit: number },
  ): UnembeddedItem[] {
    return this.statements.unembedded.all({ setId, afterId, limit }) as UnembeddedItem[];
  }

  countUnembedded(setId: number): number {
    return Number(this.statements.countUnembedded.get({ setId }));
  }

  countVectors(setId: number): number {
    return Number(this.statements.countVectors.get(setId));
  }

  /** @returns the vector's id; nothing when the item is gone or has got another image */
  addVector(setId: number, item: UnembeddedItem, embedding: Float32Array): number | undefined {
    const { changes, lastInsertRowid } = this.statements.addVector.run({
      setId,
      itemId: item.id,
      imageSha256: item.imageSha256,
      embedding: encodeEmbedding(embedding),
    });
    return changes === 0 ? undefined : Number(lastInsertRowid);
  }
}

const optionalSet = (row: unknown): EmbeddingSetRow | undefined =>
  row === undefined ? undefined : parseEmbeddingSet(row);

const optionalEmbedding = (blob: unknown, dimension: number): Float32Array | undefined =>
  blob === undefined ? undefined : decodeEmbedding(blob as Buffer, dimension);
