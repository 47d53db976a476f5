import type Database from 'better-sqlite3';
import { type JobRow, type JobState, parseJob, parseJobText } from './rows.js';

export interface NewJob {
  readonly kind: string;
  readonly collectionId: number;
  readonly input: unknown;
}

export interface JobProgress {
  readonly done: number;
  /** Null while it is not known. */
  readonly total: number | null;
}

/** How a job ended. */
export type JobEnd =
  | { readonly state: 'done'; readonly result: unknown }
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
  | { readonly state: 'cancelled' };

export interface JobListing {
  readonly collectionId?: number | undefined;
  readonly state?: JobState | undefined;
  readonly afterId: number;
  readonly limit: number;
}

/** Without what a job was given and where it is, which may be long. */
const selectColumns = (result: 'result' | 'NULL AS result'): string =>
  `SELECT jobs.id, kind, collection_id, collections.name AS collection, state, progress_done,
     progress_total, ${result}, error_code, error_message, jobs.created_at, started_at, finished_at
   FROM jobs JOIN collections ON collections.id = collection_id`;

const columns = selectColumns('result');
/** Of many jobs: each may have found much. */
const listedColumns = selectColumns('NULL AS result');

const prepareStatements = (database: Database.Database) => ({
  add: database.prepare(
    `INSERT INTO jobs (kind, collection_id, state, input, created_at)
     VALUES (@kind, @collectionId, 'queued', @input, @now)`,
  ),
  job: database.prepare(`${columns} WHERE jobs.id = ?`),
  list: database.prepare(
    `${listedColumns} WHERE jobs.id > @afterId AND (@collectionId IS NULL OR collection_id = @collectionId)
       AND (@state IS NULL OR state = @state) ORDER BY jobs.id LIMIT @limit`,
  ),
  count: database.prepare('SELECT count(*) FROM jobs WHERE state = ?').pluck(),
  queued: database
    .prepare(`SELECT 1 FROM jobs WHERE collection_id = ? AND kind = ? AND state = 'queued' LIMIT 1`)
    .pluck(),
  unfinished: database.prepare(`${columns} WHERE state IN ('queued', 'running') ORDER BY jobs.id`),
  input: database.prepare('SELECT input FROM jobs WHERE id = ?').pluck(),
  checkpoint: database.prepare('SELECT checkpoint FROM jobs WHERE id = ?').pluck(),
  begin: database.prepare(
    `UPDATE jobs SET state = 'running', started_at = ifnull(started_at, @now) WHERE id = @id`,
  ),
  queueAgain: database.prepare(`UPDATE jobs SET state = 'queued' WHERE id = ?`),
  saveCheckpoint: database.prepare('UPDATE jobs SET checkpoint = ? WHERE id = ?'),
  saveProgress: database.prepare(
    'UPDATE jobs SET progress_done = @done, progress_total = @total WHERE id = @id',
  ),
  end: database.prepare(
    `UPDATE jobs SET state = @state, result = @result, error_code = @code, error_message = @message,
       input = 'null', checkpoint = NULL, finished_at = @now WHERE id = @id`,
  ),
  removeOld: database.prepare(
    `DELETE FROM jobs WHERE state NOT IN ('queued', 'running') AND id NOT IN
       (SELECT id FROM jobs WHERE state NOT IN ('queued', 'running') ORDER BY id DESC LIMIT ?)`,
  ),
});

const now = (): string => new Date().toISOString();

/** Long work that is to be done, is being done, or has been. */
export class JobTable {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  add({ kind, collectionId, input }: NewJob): JobRow {
    const { lastInsertRowid } = this.statements.add.run({
      kind,
      collectionId,
      input: JSON.stringify(input),
      now: now(),
    });
    return parseJob(this.statements.job.get(lastInsertRowid));
  }

  find(id: number): JobRow | undefined {
    const row = this.statements.job.get(id);
    return row === undefined ? undefined : parseJob(row);
  }

  /** By ascending id, from the first one above `afterId`; without their results. */
  list({ collectionId, state, ...page }: JobListing): JobRow[] {
    const wanted = { collectionId: collectionId ?? null, state: state ?? null, ...page };
    return this.statements.list.all(wanted).map(parseJob);
  }

  count(state: JobState): number {
    return Number(this.statements.count.get(state));
  }

  /** Whether one of the kind waits, and has not begun. */
  hasQueued(collectionId: number, kind: string): boolean {
    return this.statements.queued.get(collectionId, kind) !== undefined;
  }

  /** By ascending id. */
  listUnfinished(): JobRow[] {
    return this.statements.unfinished.all().map(parseJob);
  }

  inputOf(id: number): unknown {
    return parseJobText(this.statements.input.get(id));
  }

  /** Null while none was saved. */
  checkpointOf(id: number): unknown {
    return parseJobText(this.statements.checkpoint.get(id));
  }

  begin(id: number): void {
    this.statements.begin.run({ id, now: now() });
  }

  /** It is begun again, from its checkpoint. */
  queueAgain(id: number): void {
    this.statements.queueAgain.run(id);
  }

  saveCheckpoint(id: number, checkpoint: unknown): void {
    this.statements.saveCheckpoint.run(JSON.stringify(checkpoint), id);
  }

  saveProgress(id: number, { done, total }: JobProgress): void {
    this.statements.saveProgress.run({ id, done, total });
  }

  /** What it was given is forgotten: it may be long, and nobody asks for it any more. */
  end(id: number, end: JobEnd): void {
    this.statements.end.run({
      id,
      state: end.state,
      result: end.state === 'done' ? JSON.stringify(end.result) : null,
      code: end.state === 'failed' ? end.code : null,
      message: end.state === 'failed' ? end.message : null,
      now: now(),
    });
  }

  /** Of those that have ended, all but the newest. */
  removeOld({ keep }: { readonly keep: number }): void {
    this.statements.removeOld.run(keep);
  }
}
