import type Database from 'better-sqlite3';

/**
 * Counts the rows of some tables that this connection adds, changes or removes, from now on, cascades included. What is
 * rolled back is counted too. Nothing of it is in the file.
 * @returns how many so far
 */
export function countWrites(database: Database.Database, tables: readonly string[]): () => number {
  let count = 0;
  if (database.readonly) return () => count;
  database.function('count_write', () => ++count);
  for (const table of tables) {
    for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
      database.exec(
        `CREATE TEMP TRIGGER count_${table}_${event} AFTER ${event} ON main.${table} BEGIN SELECT count_write(); END`,
      );
    }
  }
  return () => count;
}
