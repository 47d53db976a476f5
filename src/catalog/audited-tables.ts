import { MedoidError, messageOf } from '../errors.js';
import {
  parseDecidedItem,
  parseDecision,
  parseDuplicateGroup,
  parseDuplicateSearch,
  parseHashRow,
} from './duplicate-rows.js';
import { parseCollection, parseEmbeddingSet, parseItem, parseJob, parseJobText } from './rows.js';

/** How the rows of a table are read for looking at each, whatever they refer to. */
interface AuditedTable {
  /** With the parameters `afterId` and `limit`. */
  readonly sql: string;
  /** @throws MedoidError `invalid-gallery` for a row that no program of this version wrote */
  parse(row: unknown): void;
}

const page = 'WHERE main.id > @afterId ORDER BY main.id LIMIT @limit';
const wholeRows = (table: string): string => `SELECT main.* FROM ${table} AS main ${page}`;
// What is missing on the other side of a reference is told of the reference.
const setOf = (column: string): string => `(SELECT model_id FROM embedding_sets WHERE id = ${column})`;

/** What the tables of a catalog hold, by their names. */
export const auditedTables = {
  collections: {
    sql: `SELECT main.id, name, ifnull(active_set_id, 0) AS active_set_id, previous_set_id,
        ifnull(${setOf('active_set_id')}, '') AS model_id, ${setOf('previous_set_id')} AS previous_model_id,
        1 AS dimension, created_at, 0 AS items FROM collections AS main ${page}`,
    parse: parseCollection,
  },
  embedding_sets: {
    sql: wholeRows('embedding_sets'),
    parse: parseEmbeddingSet,
  },
  items: {
    sql: `SELECT main.*, 0 AS vector_id FROM items AS main ${page}`,
    parse(row) {
      const { imageSha256 } = parseItem(row);
      if (/^[0-9a-f]{64}$/.test(imageSha256)) return;
      throw new MedoidError('invalid-gallery', `expected an image's SHA-256, got ${imageSha256}`);
    },
  },
  jobs: {
    sql: `SELECT main.id, kind, collection_id, '' AS collection, state, progress_done, progress_total, result,
        error_code, error_message, created_at, started_at, finished_at, input, checkpoint
      FROM jobs AS main ${page}`,
    parse(row) {
      const { input, checkpoint, ...columns } = row as Record<string, unknown>;
      parseJob(columns);
      for (const text of [input, checkpoint]) parseJobText(text);
    },
  },
  picture_hashes: { sql: wholeRows('picture_hashes'), parse: parseHashRow },
  duplicate_decisions: { sql: wholeRows('duplicate_decisions'), parse: parseDecision },
  decided_items: { sql: wholeRows('decided_items'), parse: parseDecidedItem },
  duplicate_searches: { sql: wholeRows('duplicate_searches'), parse: parseDuplicateSearch },
  duplicate_groups: { sql: wholeRows('duplicate_groups'), parse: parseDuplicateGroup },
} as const satisfies Record<string, AuditedTable>;

export type AuditedTableName = keyof typeof auditedTables;

/** What is odd about a row; nothing when it is as it should be. */
export function findOddity(table: AuditedTableName, row: unknown): string | undefined {
  try {
    auditedTables[table].parse(row);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
