import { type AuditedTableName, auditedTables } from '../../catalog/audited-tables.js';
import { readableFormats } from '../../images/decode.js';
import type { CatalogCheck, CheckedGallery } from './check.js';

const rowsAtOnce = 500;
const tables = Object.keys(auditedTables) as AuditedTableName[];

async function checkRows({ audit, takeTurn, tell }: CheckedGallery, table: AuditedTableName): Promise<void> {
  for (let afterId = 0; ; ) {
    const rows = audit.listRows(table, { afterId, limit: rowsAtOnce });
    if (rows.length === 0) return;
    for (const { id, oddity } of rows) {
      if (oddity !== undefined) tell({ code: 'row-odd', table, rowId: id, detail: oddity });
    }
    afterId = rows[rows.length - 1].id;
    await takeTurn();
  }
}

function checkFormats({ audit, tell }: CheckedGallery): void {
  for (const { format, itemId, items } of audit.listFormats()) {
    if (readableFormats.some(known => known === format)) continue;
    const detail = `expected one of ${readableFormats.join(', ')}, got ${format}, of ${items} items`;
    tell({ code: 'row-odd', table: 'items', rowId: itemId, detail });
  }
}

/** Every row by itself, and that no id comes back. */
export const rows: CatalogCheck = {
  name: 'rows',
  what: 'each row of the catalog, and that no id is given out twice',
  needs: 'catalog',
  async check(gallery) {
    for (const table of tables) await checkRows(gallery, table);
    checkFormats(gallery);
    for (const { table, sequence, highestId } of gallery.audit.listSequencesBehind()) {
      const detail = `expected at least ${highestId}, got ${sequence}`;
      gallery.tell({ code: 'sequence-behind', table, detail });
    }
  },
  async mend({ audit, repair }, findings) {
    if (!findings.some(({ code }) => code === 'sequence-behind')) return;
    for (const behind of audit.listSequencesBehind()) repair.setSequence(behind);
  },
};
