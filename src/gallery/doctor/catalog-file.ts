import { join } from 'node:path';
import { Catalog } from '../../catalog/catalog.js';
import { type DatabaseFaultKind, findDatabaseFaults } from '../../catalog/find-database-faults.js';
import { catalogFormat } from '../../catalog/open-database.js';
import { reindex } from '../../catalog/reindex.js';
import { MedoidError } from '../../errors.js';
import type { FolderCheck } from './check.js';
import type { FindingCode } from './finding-catalogue.js';

export const catalogName = 'catalog.sqlite';

const codes = {
  unreadable: 'catalog-unreadable',
  foreign: 'catalog-foreign',
  newer: 'catalog-newer',
  older: 'catalog-older',
  malformed: 'catalog-malformed',
  schema: 'catalog-schema',
  indexes: 'catalog-index-damaged',
} as const satisfies Record<DatabaseFaultKind, FindingCode>;

/** Where it finds anything, nothing that the catalog says can be relied upon, and no other check asks it. */
export const catalogFile: FolderCheck = {
  name: 'catalog',
  what: 'the catalog as a file: its kind, version, pages and indexes',
  needs: 'folder',
  async check({ directory, tell }) {
    for (const { kind, detail } of findDatabaseFaults(join(directory, catalogName), catalogFormat)) {
      tell({ code: codes[kind], file: catalogName, detail });
    }
  },
  async mend({ directory, notify }, findings) {
    const path = join(directory, catalogName);
    for (const { code } of findings) {
      try {
        if (code === 'catalog-index-damaged') reindex(path);
        if (code === 'catalog-older') Catalog.open(path, { access: 'write' }).close();
      } catch (error) {
        if (!(error instanceof MedoidError)) throw error;
        notify(error.message);
      }
    }
  },
};
