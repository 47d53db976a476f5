import type Database from 'better-sqlite3';
import { type DecisionRow, parseDecision, type Verdict } from './duplicate-rows.js';

export interface NewDecision {
  readonly verdict: Verdict;
  /** Each once. */
  readonly itemIds: readonly number[];
}

/** What was decided of the duplicates of a collection, and of which items. */
export interface Decision extends DecisionRow {
  /** Ascending. */
  readonly itemIds: readonly number[];
  /** Those that have got another picture since: of them nothing is decided any more. */
  readonly replacedItemIds: readonly number[];
}

/** That an item has a part in a decision which still holds. */
export interface DecidedItem {
  readonly itemId: number;
  readonly decisionId: number;
  readonly verdict: Verdict;
}

const holding = `FROM decided_items JOIN items ON items.id = item_id AND items.image_sha256 = decided_items.image_sha256
  JOIN duplicate_decisions ON duplicate_decisions.id = decision_id`;

const prepareStatements = (database: Database.Database) => ({
  add: database.prepare(
    'INSERT INTO duplicate_decisions (collection_id, verdict, created_at) VALUES (?, ?, ?)',
  ),
  addItem: database.prepare(
    `INSERT INTO decided_items (decision_id, item_id, image_sha256)
     SELECT @id, items.id, image_sha256 FROM items WHERE items.id = @itemId AND collection_id = @collectionId`,
  ),
  find: database.prepare('SELECT * FROM duplicate_decisions WHERE collection_id = ? AND id = ?'),
  list: database.prepare(
    'SELECT * FROM duplicate_decisions WHERE collection_id = ? AND id > ? ORDER BY id LIMIT ?',
  ),
  itemsOf: database
    .prepare(
      `SELECT item_id, items.image_sha256 <> decided_items.image_sha256 FROM decided_items
       JOIN items ON items.id = item_id WHERE decision_id = ? ORDER BY item_id`,
    )
    .raw(),
  remove: database.prepare('DELETE FROM duplicate_decisions WHERE collection_id = ? AND id = ?'),
  holding: database.prepare(
    `SELECT item_id AS itemId, decision_id AS decisionId, verdict ${holding}
     WHERE duplicate_decisions.collection_id = ? ORDER BY decided_items.id`,
  ),
  holdingOf: database.prepare(
    `SELECT item_id AS itemId, decision_id AS decisionId, verdict ${holding} WHERE item_id = ?`,
  ),
});

/** What people decided of duplicates, so that they are never asked again. */
export class DecisionTable {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** Of the items with the pictures that they have now. @param decision of items of the collection */
  add(collectionId: number, { verdict, itemIds }: NewDecision): Decision {
    return this.database.transaction(() => {
      const created = new Date().toISOString();
      const id = Number(this.statements.add.run(collectionId, verdict, created).lastInsertRowid);
      for (const itemId of itemIds) this.statements.addItem.run({ id, itemId, collectionId });
      return this.withItems(parseDecision(this.statements.find.get(collectionId, id)));
    })();
  }

  /** By ascending id, from the first one above `afterId`. */
  list(
    collectionId: number,
    { afterId, limit }: { readonly afterId: number; readonly limit: number },
  ): Decision[] {
    const rows = this.statements.list.all(collectionId, afterId, limit);
    return rows.map(row => this.withItems(parseDecision(row)));
  }

  /** @returns whether there was one */
  remove(collectionId: number, id: number): boolean {
    return this.statements.remove.run(collectionId, id).changes > 0;
  }

  /** Of all items that have the picture which was decided of. */
  listHolding(collectionId: number): DecidedItem[] {
    return this.statements.holding.all(collectionId) as DecidedItem[];
  }

  listHoldingOf(itemId: number): DecidedItem[] {
    return this.statements.holdingOf.all(itemId) as DecidedItem[];
  }

  private withItems(row: DecisionRow): Decision {
    const items = this.statements.itemsOf.all(row.id) as [number, number][];
    return {
      ...row,
      itemIds: items.map(([itemId]) => itemId),
      replacedItemIds: items.flatMap(([itemId, isReplaced]) => (isReplaced === 1 ? [itemId] : [])),
    };
  }
}
