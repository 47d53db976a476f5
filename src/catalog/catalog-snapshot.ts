import type Database from 'better-sqlite3';
import { type CopyOptions, copyPages } from './copy-pages.js';
import { closeDatabase, openDatabase } from './open-database.js';
import { parseJobText } from './rows.js';

/** How far a catalog had come: each vector and each job after it has a higher id. */
export interface CatalogMark {
  readonly vectorId: number;
  readonly jobId: number;
}

/** A job that has not ended. */
export interface WaitingJob {
  readonly id: number;
  readonly kind: string;
  readonly input: unknown;
}

export interface UsedModel {
  readonly modelId: string;
  /** Name of a folder under `models/`. */
  readonly modelDirectory: string;
}

export interface CatalogCounts {
  readonly collections: number;
  readonly items: number;
}

const beginning: CatalogMark = { vectorId: 0, jobId: 0 };

/**
 * A catalog of this version or an older one, as it is at one moment, while another process may write: all answers are
 * of the moment it was taken. It takes no lock, but the log of the catalog grows until it is closed.
 */
export class CatalogSnapshot {
  readonly mark: CatalogMark;

  private constructor(private readonly database: Database.Database) {
    // What is read first is what fixes the moment.
    database.exec('BEGIN');
    this.mark = { vectorId: this.lastId('vectors'), jobId: this.lastId('jobs') };
  }

  /** @throws MedoidError `file-not-found` or `invalid-gallery` */
  static take(path: string): CatalogSnapshot {
    const database = openDatabase(path, { access: 'read', acceptOlder: true });
    try {
      return new CatalogSnapshot(database);
    } catch (error) {
      closeDatabase(database);
      throw error;
    }
  }

  close(): void {
    closeDatabase(this.database);
  }

  counts(): CatalogCounts {
    return this.database
      .prepare(
        'SELECT (SELECT count(*) FROM collections) AS collections, (SELECT count(*) FROM items) AS items',
      )
      .get() as CatalogCounts;
  }

  /** Hashes of the images that items have, each once; after a mark only of those that got theirs since. */
  listImages(after?: CatalogMark): string[] {
    if (after === undefined) return this.pluck('SELECT DISTINCT image_sha256 FROM items') as string[];
    // An item that gets another image gets a new vector with it.
    const sql = `SELECT DISTINCT image_sha256 FROM vectors JOIN items ON items.id = item_id WHERE vectors.id > ?`;
    return this.pluck(sql, after.vectorId) as string[];
  }

  /** Whether an item has the image, and has had it without a break since the mark. */
  hasHadImage(imageSha256: string, { vectorId }: CatalogMark): boolean {
    const sql =
      'SELECT 1 FROM items JOIN vectors ON item_id = items.id WHERE image_sha256 = ? AND vectors.id <= ?';
    return this.pluck(`${sql} LIMIT 1`, imageSha256, vectorId).length > 0;
  }

  /** By ascending id; after a mark only those asked for since. */
  listWaitingJobs({ jobId }: CatalogMark = beginning): WaitingJob[] {
    if (!this.has('jobs')) return [];
    return this.database
      .prepare(`SELECT id, kind, input FROM jobs WHERE state IN ('queued', 'running') AND id > ? ORDER BY id`)
      .all(jobId)
      .map(row => {
        const { id, kind, input } = row as { id: number; kind: string; input: string };
        return { id, kind, input: parseJobText(input) };
      });
  }

  /** Of every collection, the ones before and to come too. */
  listModels(): UsedModel[] {
    const table = this.has('embedding_sets') ? 'embedding_sets' : 'collections';
    return this.database
      .prepare(
        `SELECT DISTINCT model_id AS modelId, model_directory AS modelDirectory FROM ${table} ORDER BY model_id`,
      )
      .all() as UsedModel[];
  }

  /** @throws MedoidError as `copyPages` */
  copyTo(path: string, options?: CopyOptions): Promise<void> {
    return copyPages(this.database, path, options);
  }

  private has(table: string): boolean {
    return this.pluck(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`, table).length > 0;
  }

  /** Highest id ever given. */
  private lastId(table: string): number {
    return Number(this.pluck('SELECT seq FROM sqlite_sequence WHERE name = ?', table)[0] ?? 0);
  }

  private pluck(sql: string, ...parameters: readonly (string | number)[]): unknown[] {
    return this.database
      .prepare(sql)
      .pluck()
      .all(...parameters);
  }
}
