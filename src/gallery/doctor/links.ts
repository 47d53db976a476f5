import type { BrokenLink } from '../../catalog/catalog-audit.js';
import type { CatalogCheck } from './check.js';
import type { Finding } from './finding.js';
import type { FindingCode } from './finding-catalogue.js';

/** What was found or decided of duplicates. */
const duplicateTables: ReadonlySet<string> = new Set([
  'duplicate_decisions',
  'decided_items',
  'duplicate_searches',
  'duplicate_groups',
]);

/** The code and the subject of a row that refers to nothing. */
function describeLink({ table, column, parent, rowId }: BrokenLink): Finding | undefined {
  const detail = `${column} of ${table} ${rowId} is of no row of ${parent}`;
  if (table === 'items') return { code: 'item-orphan', itemId: rowId, detail };
  if (table === 'embedding_sets') return { code: 'set-orphan', setId: rowId, detail };
  if (table === 'jobs') return { code: 'job-orphan', jobId: rowId, detail };
  if (table === 'evaluations') return { code: 'evaluation-orphan', table, rowId, detail };
  if (duplicateTables.has(table)) return { code: 'duplicate-orphan', table, rowId, detail };
  if (column === 'previous_set_id') return { code: 'previous-set-missing', rowId, detail };
  // Told by the vector or the collection itself, below.
  return undefined;
}

/** That what refers to each other is there, and belongs together. */
export const links: CatalogCheck = {
  name: 'links',
  what: 'that items, sets of vectors, vectors, jobs, evaluations and duplicates belong to something that is there',
  needs: 'catalog',
  async check({ audit, tell }) {
    const broken = audit.listBrokenLinks();
    for (const link of broken) {
      const finding = describeLink(link);
      if (finding !== undefined) tell(finding);
    }
    // One may have lost both its item and its set.
    const orphans = broken.filter(({ table }) => table === 'vectors').map(({ rowId }) => rowId);
    for (const vectorId of new Set([...orphans, ...audit.listVectorsOfOtherCollections()])) {
      const detail = `vector ${vectorId} is of no item of its set's collection`;
      tell({ code: 'vector-orphan', vectorId, detail });
    }
    for (const imageSha256 of audit.listStrayHashes()) {
      tell({ code: 'hash-stray', imageSha256, detail: 'no item has the picture' });
    }
    for (const collection of audit.listWithoutSet()) {
      const detail = 'expected a set of vectors of its own to search, got none';
      tell({ code: 'active-set-missing', collection, detail });
    }
  },
  async mend({ repair }, findings) {
    const isFound = (wanted: FindingCode): boolean => findings.some(({ code }) => code === wanted);
    if (isFound('previous-set-missing')) repair.forgetPreviousSets();
    if (isFound('duplicate-orphan')) repair.removeOrphanDuplicates();
    if (isFound('hash-stray')) repair.removeStrayHashes();
    repair.removeOrphanVectors(
      findings.flatMap(({ code, vectorId }) =>
        code === 'vector-orphan' && vectorId !== undefined ? [vectorId] : [],
      ),
    );
  },
};
