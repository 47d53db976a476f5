import type Database from 'better-sqlite3';
import { type EvaluationRow, parseEvaluation } from './rows.js';

export type NewEvaluation = Pick<
  EvaluationRow,
  'collectionId' | 'modelId' | 'input' | 'itemsSha256' | 'result'
>;

export interface EvaluationListing {
  readonly collectionId: number;
  readonly modelId?: string | undefined;
  /** Only older ones; the newest too unless given. */
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

const prepareStatements = (database: Database.Database) => ({
  add: database.prepare(
    `INSERT INTO evaluations (collection_id, model_id, input, items_sha256, result, created_at)
     VALUES (@collectionId, @modelId, @input, @itemsSha256, @result, @now)`,
  ),
  one: database.prepare('SELECT * FROM evaluations WHERE collection_id = ? AND id = ?'),
  list: database.prepare(
    `SELECT * FROM evaluations WHERE collection_id = @collectionId
       AND (@beforeId IS NULL OR id < @beforeId) AND (@modelId IS NULL OR model_id = @modelId)
     ORDER BY id DESC LIMIT @limit`,
  ),
  before: database.prepare(
    `SELECT * FROM evaluations WHERE collection_id = @collectionId AND id < @id
       AND input = (SELECT input FROM evaluations WHERE id = @id) ORDER BY id DESC LIMIT 1`,
  ),
  remove: database.prepare('DELETE FROM evaluations WHERE collection_id = ? AND id = ?'),
});

/** What models were worth on the labelled items of collections, over time. */
export class EvaluationTable {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** @returns its id */
  add({ input, result, ...evaluation }: NewEvaluation): number {
    const { lastInsertRowid } = this.statements.add.run({
      ...evaluation,
      input: JSON.stringify(input),
      result: JSON.stringify(result),
      now: new Date().toISOString(),
    });
    return Number(lastInsertRowid);
  }

  find(collectionId: number, id: number): EvaluationRow | undefined {
    return optional(this.statements.one.get(collectionId, id));
  }

  /** Newest first. */
  list({ modelId, beforeId, ...page }: EvaluationListing): EvaluationRow[] {
    const wanted = { modelId: modelId ?? null, beforeId: beforeId ?? null, ...page };
    return this.statements.list.all(wanted).map(parseEvaluation);
  }

  /** The newest of those before it that were asked for alike. */
  findBefore({ collectionId, id }: Pick<EvaluationRow, 'collectionId' | 'id'>): EvaluationRow | undefined {
    return optional(this.statements.before.get({ collectionId, id }));
  }

  /** @returns whether there was one */
  remove(collectionId: number, id: number): boolean {
    return this.statements.remove.run(collectionId, id).changes > 0;
  }
}

const optional = (row: unknown): EvaluationRow | undefined =>
  row === undefined ? undefined : parseEvaluation(row);
