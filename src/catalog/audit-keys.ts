import { messageOf } from '../errors.js';
import { hasNoBytes } from './file-identity.js';
import { type DatabaseFault, findDatabaseFaults } from './find-database-faults.js';
import { parseKeyRow } from './key-rows.js';
import { keyFormat } from './key-store.js';
import { closeDatabase, openDatabase } from './open-database.js';

export interface KeysAudit {
  readonly faults: readonly DatabaseFault[];
  /** What is odd about a key, by its id. */
  readonly oddKeys: readonly (readonly [id: string, oddity: string])[];
}

function findOddKeys(path: string): [string, string][] {
  const database = openDatabase(path, { access: 'read' }, keyFormat);
  try {
    const rows = database.prepare('SELECT * FROM keys ORDER BY id').all() as { id: unknown }[];
    return rows.flatMap((row): [string, string][] => {
      try {
        parseKeyRow(row);
        return [];
      } catch (error) {
        return [[String(row.id), messageOf(error)]];
      }
    });
  } finally {
    closeDatabase(database);
  }
}

/** Looks at every API key. A gallery without the file, or whose file is still empty, has no keys yet. */
export function auditKeys(path: string): KeysAudit {
  if (hasNoBytes(path)) return { faults: [], oddKeys: [] };
  const faults = findDatabaseFaults(path, keyFormat);
  return { faults, oddKeys: faults.length === 0 ? findOddKeys(path) : [] };
}
