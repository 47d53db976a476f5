import type Database from 'better-sqlite3';
import {
  type DuplicateGroupRow,
  type DuplicateSearchRow,
  type GroupMember,
  parseDuplicateGroup,
  parseDuplicateSearch,
} from './duplicate-rows.js';

export interface NewDuplicateSearch {
  readonly collectionId: number;
  readonly modelId: string;
  readonly maxDistance: number;
  readonly tiers: readonly string[];
}

const groupsAtOnce = 500;

const prepareStatements = (database: Database.Database) => ({
  begin: database.prepare(
    `INSERT INTO duplicate_searches (collection_id, model_id, max_distance, tiers)
     VALUES (@collectionId, @modelId, @maxDistance, @tiers)`,
  ),
  addGroup: database.prepare('INSERT INTO duplicate_groups (search_id, members) VALUES (?, ?)'),
  finish: database.prepare('UPDATE duplicate_searches SET finished_at = ? WHERE id = ?'),
  newest: database.prepare(
    `SELECT * FROM duplicate_searches WHERE collection_id = ? AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1`,
  ),
  groups: database.prepare(
    'SELECT * FROM duplicate_groups WHERE search_id = ? AND id > ? ORDER BY id LIMIT ?',
  ),
  removeGroups: database.prepare(
    `DELETE FROM duplicate_groups WHERE id IN (SELECT duplicate_groups.id FROM duplicate_groups
       JOIN duplicate_searches ON duplicate_searches.id = search_id
       WHERE collection_id = @collectionId AND search_id <> @keep LIMIT ${groupsAtOnce})`,
  ),
  removeSearches: database.prepare(
    'DELETE FROM duplicate_searches WHERE collection_id = @collectionId AND id <> @keep',
  ),
});

/** What the newest search for duplicates of each collection found, to be read in pages. */
export class DuplicateTable {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(private readonly database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @returns id of the search, which is to be finished */
  begin({ tiers, ...search }: NewDuplicateSearch): number {
    return Number(this.statements.begin.run({ ...search, tiers: JSON.stringify(tiers) }).lastInsertRowid);
  }

  /** All or none. */
  addGroups(searchId: number, groups: readonly (readonly GroupMember[])[]): void {
    this.database.transaction(() => {
      for (const members of groups) this.statements.addGroup.run(searchId, JSON.stringify(members));
    })();
  }

  /** From then on it is the newest. */
  finish(searchId: number): void {
    this.statements.finish.run(new Date().toISOString(), searchId);
  }

  /** Some of what other searches of the collection found. @returns whether there may be more */
  removeOthers(collectionId: number, keep: number): boolean {
    if (this.statements.removeGroups.run({ collectionId, keep }).changes === groupsAtOnce) return true;
    this.statements.removeSearches.run({ collectionId, keep });
    return false;
  }

  /** Of those that have finished. */
  findNewest(collectionId: number): DuplicateSearchRow | undefined {
    const row = this.statements.newest.get(collectionId);
    return row === undefined ? undefined : parseDuplicateSearch(row);
  }

  /** By ascending id, from the first one above `afterId`. */
  listGroups(
    searchId: number,
    { afterId, limit }: { readonly afterId: number; readonly limit: number },
  ): DuplicateGroupRow[] {
    return this.statements.groups.all(searchId, afterId, limit).map(parseDuplicateGroup);
  }
}
