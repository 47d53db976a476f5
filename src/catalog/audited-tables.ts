import { MedoidError, messageOf } from '../errors.js';
import {
  parseCluster,
  parseClusterEvent,
  parseClustering,
  parseFacility,
  parseMember,
} from './cluster-rows.js';
import {
  parseDecidedItem,
  parseDecision,
  parseDuplicateGroup,
  parseDuplicateSearch,
  parseHashRow,
} from './duplicate-rows.js';
import {
  parseCollection,
  parseEmbeddingSet,
  parseEvaluation,
  parseItem,
  parseJob,
  parseJobText,
} from './rows.js';

/** How the rows of a table are read for looking at each, whatever they refer to. */
interface AuditedTable {
  /** With the parameters `afterId` and `limit`. */
  readonly sql: string;
  /** @throws MedoidError `invalid-gallery` for a row that no program of this version wrote */
  parse(row: unknown): void;
}

const page = 'WHERE main.id > @afterId ORDER BY main.id LIMIT @limit';
// What is missing on the other side of a reference is told of the reference.
const setOf = (column: string): string => `(SELECT model_id FROM embedding_sets WHERE id = ${column})`;

/** Of a table whose rows are read as they lie there. */
const plain = (name: string, parse: (row: unknown) => void): AuditedTable => ({
  sql: `SELECT main.* FROM ${name} AS main ${page}`,
  parse,
});

/** What the tables of a catalog hold, by their names. */
export const auditedTables = {
  collections: {
    sql: `SELECT main.id, name, ifnull(active_set_id, 0) AS active_set_id, previous_set_id,
        ifnull(${setOf('active_set_id')}, '') AS model_id, ${setOf('previous_set_id')} AS previous_model_id,
        1 AS dimension, created_at, 0 AS items FROM collections AS main ${page}`,
    parse: parseCollection,
  },
  embedding_sets: plain('embedding_sets', parseEmbeddingSet),
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
  evaluations: plain('evaluations', parseEvaluation),
  clusterings: plain('clusterings', parseClustering),
  clusters: plain('clusters', parseCluster),
  facilities: plain('facilities', parseFacility),
  members: plain('members', parseMember),
  cluster_events: plain('cluster_events', parseClusterEvent),
  picture_hashes: plain('picture_hashes', parseHashRow),
  duplicate_decisions: plain('duplicate_decisions', parseDecision),
  decided_items: plain('decided_items', parseDecidedItem),
  duplicate_searches: plain('duplicate_searches', parseDuplicateSearch),
  duplicate_groups: plain('duplicate_groups', parseDuplicateGroup),
} as const satisfies Record<string, AuditedTable>;

export type AuditedTableName = keyof typeof auditedTables;
export const auditedTableNames = Object.keys(auditedTables) as AuditedTableName[];

/** What is odd about a row; nothing when it is as it should be. */
export function findOddity(table: AuditedTableName, row: unknown): string | undefined {
  try {
    auditedTables[table].parse(row);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
